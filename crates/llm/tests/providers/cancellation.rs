//! Dropping a call ends its request.

use crate::support::{MODELS, client, request, server};
use equitr_llm::Delta;
use equitr_testing::loopback::{Fault, Faults};
use std::sync::Arc;
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_sees_a_dropped_call_before_its_reply_and_within_it() {
    for model in MODELS {
        for fault in [Fault::Hang, Fault::Stall] {
            let server = server(Faults::none().nth(1, fault.clone()));
            let client = client(model, &server);
            let begun = Arc::new(Notify::new());
            let (tell, model_name) = (begun.clone(), model.to_owned());
            let call = tokio::spawn(async move {
                let tell = move |_: Delta| tell.notify_one();
                client.call(request(&model_name), &tell).await
            });
            match fault {
                Fault::Hang => assert!(server.wait_for_requests(1), "{model}"),
                _ => begun.notified().await,
            }
            assert_eq!(server.disconnects(), 0, "{model}, {fault:?}");
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
            assert!(server.wait_for_disconnects(1), "{model}, {fault:?}");
        }
    }
}
