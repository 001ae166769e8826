//! What is found, what is left alone, and that pieces make no difference.

use super::*;

const VALUE: &str = "canary/9f+Q\"7 zü-0123456789";

fn knowing(value: &str) -> Redactor {
    Redactor::new([("MY_KEY", value)])
}

fn by_shape(text: &str) -> String {
    Redactor::default().redact(text).into_owned()
}

/// Examples are put together here, so that no text of ours holds one.
fn shaped() -> Vec<(&'static str, String)> {
    let alnum = "a1B2c3D4e5F6g7H8i9J0";
    let hex = "0123456789abcdef";
    let word = "a1-B2_c3D4e5F6g7H8i9";
    let long = alnum.repeat(4);
    vec![
        ("anthropic-key", format!("sk-ant-api03-{word}{word}")),
        ("openai-key", format!("sk-proj-{word}{word}")),
        ("openai-key", format!("sk-svcacct-{word}")),
        ("api-key", format!("sk-{alnum}{alnum}")),
        ("openrouter-key", format!("sk-or-v1-{}", hex.repeat(4))),
        ("github-token", format!("ghp_{}", &long[..36])),
        ("github-token", format!("gho_{}", &long[..36])),
        ("github-token", format!("github_pat_{alnum}_{long}")),
        ("aws-key", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        ("aws-key", "ASIAIOSFODNN7EXAMPLE".to_owned()),
        ("slack-token", format!("xoxb-123456789012-{alnum}")),
        ("gitlab-token", format!("glpat-{word}")),
        ("google-key", format!("AIza{}", &long[..35])),
        ("google-token", format!("ya29.{word}")),
        ("google-secret", format!("GOCSPX-{word}")),
        ("huggingface-token", format!("hf_{}", &long[..34])),
        ("npm-token", format!("npm_{}", &long[..36])),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{long}")),
        ("crates-token", format!("cio{}", &long[..32])),
        ("web-token", format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{alnum}-{alnum}")),
        ("private-key", block("RSA PRIVATE KEY")),
        ("private-key", block("OPENSSH PRIVATE KEY")),
        ("private-key", block("PRIVATE KEY").replace('\n', "\\n")),
        ("private-key", block("PGP PRIVATE KEY BLOCK")),
        ("age-key", format!("AGE-SECRET-KEY-1{}", long.to_uppercase())),
        ("stripe-key", format!("sk_live_{alnum}")),
        ("stripe-key", format!("rk_live_{alnum}")),
        ("sendgrid-key", format!("SG.{word}.{word}")),
        ("twilio-key", format!("SK{hex}{hex}")),
        ("digitalocean-token", format!("dop_v1_{}", hex.repeat(4))),
        ("databricks-token", format!("dapi{hex}{hex}")),
        ("shopify-token", format!("shpat_{hex}{hex}")),
        ("groq-key", format!("gsk_{}", &long[..52])),
        ("vault-token", format!("hvs.{word}{word}")),
        ("docker-token", format!("dckr_pat_{word}{word}")),
    ]
}

fn block(title: &str) -> String {
    let line = "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnopqrstuvwxyzABCDEF+/ABCD\n";
    format!("-----BEGIN {title}-----\n{}Q0==\n-----END {title}-----", line.repeat(20))
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn text(&mut self, words: &[String]) -> String {
        (0..self.roll(12)).map(|_| words[self.roll(words.len())].as_str()).collect()
    }
}

/// Secrets, their halves, what may stand around them, and plain words.
fn words() -> Vec<String> {
    let mut words: Vec<String> = [
        VALUE,
        "canary/9f",
        "[redacted:my-key]",
        "[redacted:",
        "[",
        "]",
        "abc",
        " ",
        "\n",
        "Ünï",
        "7",
        "Authorization: Bearer ",
        "bearer ",
        "https://",
        "user:pass12345@",
        "host",
        "@",
        ":",
        "-",
        "\\n",
        "%3D",
        "\"",
        "{\"a\":",
        "}",
        "hunter2hunter2",
        "2hunter2x",
        "x-api-key: ",
        "sk-",
        "ey",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "MIIEabcdefghijklmnop\n",
        "SG.",
    ]
    .map(str::to_owned)
    .into();
    for (_, secret) in shaped() {
        words.push(secret[..secret.len() / 2].to_owned());
        words.push(secret);
    }
    let forms = forms::forms(VALUE).into_iter();
    words.extend(forms.map(|form| String::from_utf8(form.bytes).unwrap()));
    words
}

fn of_many() -> Redactor {
    Redactor::new([("MY_KEY", VALUE), ("PASS", "hunter2hunter2"), ("OTHER", "2hunter2x[")])
}

#[test]
fn sec_05_a_known_value_is_found_in_all_its_encodings() {
    let redactor = knowing(VALUE);
    for form in forms::forms(VALUE) {
        let form = String::from_utf8(form.bytes).unwrap();
        let told = redactor.redact(&format!("before {form} after")).into_owned();
        assert_eq!(told, "before [redacted:my-key] after", "{form}");
    }
    let json = serde_json::json!({ "key": VALUE }).to_string();
    assert_eq!(redactor.redact(&json), "{\"key\":\"[redacted:my-key]\"}");
}

#[test]
fn sec_05_base64_and_hex_are_found_in_lines_and_in_the_middle_of_something_else() {
    let redactor = knowing("canary-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789");
    // Of `user:canary-0123…789:more` and of the value by itself, as `base64 -w 40` prints it.
    let within = "dXNlcjpjYW5hcnktMDEyMzQ1Njc4OS1hYmNkZWZn\naGlqa2xtbm9wcXJzdHV2d3h5ei0wMTIzNDU2Nzg5\nOm1vcmU=";
    let told = redactor.redact(within).into_owned();
    assert!(told.starts_with("dXNlcjp") && told.contains("[redacted:my-key]"), "{told}");
    assert!(!told.contains("MDEyMzQ1"), "{told}");
    let hex = "63616e6172792d303132333435363738392d616263646566\r\n6768696a6b6c6d6e6f707172737475767778797a2d30313233343536373839";
    assert_eq!(redactor.redact(hex), "[redacted:my-key]");
}

#[test]
fn sec_05_json_stays_json_and_an_escape_hides_nothing() {
    let redactor = knowing("canary-0123456789");
    let args = r#"{"path":"a.txt","content":"key = \u0063anary-0123456789\nend","n":1}"#;
    let told = redactor.redact_json(args).into_owned();
    let value: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(value["content"], "key = [redacted:my-key]\nend");
    assert_eq!(value["n"], 1);
    assert_eq!(redactor.redact_json("{\"a\": \"canary-0123456789"), "{\"a\": \"[redacted:my-key]");
    let block = serde_json::json!({"content": block("RSA PRIVATE KEY"), "path": "k.pem"});
    let told = redactor.redact_json(&block.to_string()).into_owned();
    assert_eq!(told, r#"{"content":"[redacted:private-key]","path":"k.pem"}"#);
    let clean = r#"{"content":"a\nb"}"#;
    assert!(matches!(redactor.redact_json(clean), Cow::Borrowed(_)));
}

#[test]
fn sec_06_a_secret_is_found_wherever_a_text_is_cut_in_pieces() {
    let (redactor, words, mut dice) = (of_many(), words(), Dice(0x9e37_79b9));
    let mut found = 0;
    for _ in 0..3_000 {
        let text = dice.text(&words);
        let whole = redactor.redact(&text).into_owned();
        found += usize::from(whole != text);
        let mut stream = redactor.stream();
        let mut pieces = String::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let cut = rest.ceil_char_boundary(1 + dice.roll(if rest.len() > 60 { 60 } else { 3 }));
            let (piece, later) = rest.split_at(cut.min(rest.len()));
            pieces.push_str(&stream.push(piece));
            assert!(stream.held() < redactor.longest());
            rest = later;
        }
        pieces.push_str(&stream.finish());
        assert_eq!(pieces, whole, "{text:?}");
    }
    assert!(found > 1_000, "only {found} texts held a secret");
}

#[test]
fn sec_06_a_second_time_changes_nothing() {
    let (redactor, words, mut dice) = (of_many(), words(), Dice(0x1234_5678));
    for _ in 0..3_000 {
        let text = dice.text(&words);
        let once = redactor.redact(&text).into_owned();
        assert_eq!(redactor.redact(&once), once, "{text:?}");
    }
}

#[test]
fn sec_06_every_cut_in_two_finds_every_shape() {
    let redactor = Redactor::default();
    for (kind, secret) in shaped() {
        let text = format!("a = {secret}; b");
        for cut in 0..text.len() {
            let mut stream = redactor.stream();
            let told = stream.push(&text[..cut]) + &stream.push(&text[cut..]) + &stream.finish();
            assert_eq!(told, format!("a = [redacted:{kind}]; b"), "{cut} {secret}");
        }
    }
}

#[test]
fn sec_06_what_can_be_no_secret_is_shown_at_once() {
    let redactor = knowing(VALUE);
    let mut stream = redactor.stream();
    assert_eq!(stream.push("Some words. "), "Some words. ");
    assert_eq!(stream.push("can"), "");
    assert_eq!(stream.push("not be"), "cannot be");
    assert_eq!(stream.finish(), "");
}

#[test]
fn sec_07_the_shapes_of_keys_are_found_with_their_kind() {
    for (kind, secret) in shaped() {
        for (before, after) in
            [("", ""), ("key=", "\n"), ("\"", "\","), ("x\\n", "'"), ("%3D", ")")]
        {
            let told = by_shape(&format!("{before}{secret}{after}"));
            assert_eq!(told, format!("{before}[redacted:{kind}]{after}"), "{secret}");
        }
    }
    assert_eq!(
        by_shape("\x1b[1;31mhf_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6"),
        "\x1b[1;31m[redacted:huggingface-token]"
    );
}

#[test]
fn sec_07_secrets_are_told_by_what_stands_before_them() {
    for (text, told) in [
        (
            "Authorization: Bearer abcdef0123456789.x",
            "Authorization: Bearer [redacted:bearer-token]",
        ),
        (
            "curl -H 'authorization: basic dXNlcjpwYXNz'",
            "curl -H 'authorization: basic [redacted:login]'",
        ),
        ("postgres://app:s3cr3t-pass@db:5432/x", "postgres://[redacted:login]@db:5432/x"),
        ("X-Api-Key: 0123456789abcdefgh", "X-Api-Key: [redacted:api-key]"),
        (
            "https://hooks.slack.com/services/T0000/B0000/abcdef0123456789",
            "https://hooks.slack.com/services/[redacted:webhook]",
        ),
        (
            "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SECRET_ACCESS_KEY=[redacted:aws-secret]",
        ),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
            "aws_secret_access_key = [redacted:aws-secret]\n",
        ),
        ("aws_secret_access_key = ${SECRET}", "aws_secret_access_key = ${SECRET}"),
    ] {
        assert_eq!(by_shape(text), told);
    }
}

#[test]
fn sec_07_a_key_block_without_its_end_is_taken_as_far_as_it_goes() {
    let whole = block("EC PRIVATE KEY");
    let cut = whole.split_once("-----END").unwrap().0;
    assert_eq!(
        by_shape(&format!("{cut}[… 3 lines left out …]")),
        "[redacted:private-key][… 3 lines left out …]"
    );
    let speaks = "Look for `-----BEGIN PRIVATE KEY-----` in it, then say so.";
    assert_eq!(by_shape(speaks), speaks);
}

#[test]
fn sec_07_hashes_ids_lock_files_and_images_stay_as_they_are() {
    let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut dice = Dice(7);
    let standard = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let image: String = (0..300_000).map(|_| char::from(standard[dice.roll(64)])).collect();
    for text in [
        include_str!("../../../../Cargo.lock").to_owned(),
        format!("{sum}  file.tar.gz\ncommit {}\n", &sum[..40]),
        format!("\"integrity\": \"sha512-{}==\"", &image[..86]),
        "\"node_modules/sk-loader\": {\"resolved\": \"https://registry.npmjs.org/a/-/a-1.0.0.tgz\"}".to_owned(),
        "123e4567-e89b-12d3-a456-426614174000".to_owned(),
        format!("<img src=\"data:image/png;base64,{image}\">"),
        "class=\"sk-estimator-doc-link sk-toggleable__content-0\"".to_owned(),
        "hf_hub_download(repo) npm_config_registry_of_the_whole_machine_2024".to_owned(),
        "postgres://postgres:postgres@db/x amqp://shop:${RABBIT_PASSWORD}@mq http://a:b@c".to_owned(),
        "The Bearer authentication scheme; Authorization: Bearer $TOKEN".to_owned(),
        "eyJhbGciOiJIUzI1NiJ9 is a header, a@b.example an address".to_owned(),
        "-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEA0123456789\n-----END CERTIFICATE-----".to_owned(),
        "-----BEGIN PUBLIC KEY-----\nMIIEpAIBAAKCAQEA0123456789\n-----END PUBLIC KEY-----".to_owned(),
    ] {
        assert!(matches!(Redactor::default().redact(&text), Cow::Borrowed(_)), "{}", &text[..40.min(text.len())]);
    }
}

#[test]
fn sec_05_what_may_be_an_ordinary_word_is_not_looked_for() {
    let redactor =
        Redactor::new([("A_KEY", "short1"), ("DB_PASSWORD", "postgres"), ("EMPTY_KEY", "")]);
    assert_eq!(redactor.redact("short1 postgres"), "short1 postgres");
    assert_eq!(knowing("postgres1").redact("postgres1"), "[redacted:my-key]");
}

#[test]
fn sec_05_secrets_that_overlap_leave_nothing_behind() {
    let redactor = Redactor::new([("ONE", "abcd0123efgh"), ("TWO", "efgh4567ijkl")]);
    assert_eq!(redactor.redact("-abcd0123efgh4567ijkl-"), "-[redacted:one]-");
    let inner = knowing("4567-ijkl");
    let key = "sk-ant-api03-a1B2c3D4e5F6g7H8i9J04567-ijkl/";
    assert_eq!(inner.redact(key), "[redacted:anthropic-key]/");
}

#[test]
fn a_redactor_shows_no_value() {
    assert_eq!(format!("{:?}", knowing(VALUE)), "Redactor(…)");
}
