import { useState, type FormEvent } from "react";
import { Link, Navigate, useLocation } from "react-router";
import { Problem } from "../components/Feedback";
import { Field, focusFirstError } from "../components/Field";
import { PageTitle } from "../components/PageTitle";
import { useSession } from "../components/Session";
import { ApiError } from "../services/http";
import { anyError, emailError, required, withoutEmpty, type Errors } from "../utils/validation";

interface Values {
  email: string;
  password: string;
}

/** Where one wanted to go before being asked to sign in. */
export function cameFrom(state: unknown): string | undefined {
  const from = (state as { from?: unknown } | null)?.from;
  return typeof from === "string" && from.startsWith("/") ? from : undefined;
}

export function LoginPage() {
  const { user, signIn } = useSession();
  const { state } = useLocation();
  const [values, setValues] = useState<Values>({ email: "", password: "" });
  const [errors, setErrors] = useState<Errors<Values>>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const from = cameFrom(state);

  if (user) return <Navigate to={from ?? "/"} replace />;

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const found = withoutEmpty<Values>({
      email: emailError(values.email),
      password: required(values.password, "your password"),
    });
    setErrors(found);
    setProblem("");
    if (anyError(found)) return focusFirstError(event.currentTarget);
    setBusy(true);
    try {
      await signIn(values.email.trim(), values.password);
    } catch (error) {
      setProblem(
        error instanceof ApiError && error.status === 401
          ? "The e-mail address or the password is not right."
          : (error as Error).message,
      );
      setBusy(false);
    }
  }

  return (
    <div className="narrow">
      <PageTitle lead={from ? "Sign in to go on." : undefined}>Sign in</PageTitle>
      <form className="panel form" onSubmit={(event) => void submit(event)} noValidate>
        {problem && <Problem>{problem}</Problem>}
        <Field
          label="E-mail"
          type="email"
          autoComplete="username"
          value={values.email}
          error={errors.email}
          onChange={(event) => setValues({ ...values, email: event.target.value })}
        />
        <Field
          label="Password"
          type="password"
          autoComplete="current-password"
          value={values.password}
          error={errors.password}
          onChange={(event) => setValues({ ...values, password: event.target.value })}
        />
        <button type="submit" className="button button-main" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p className="aside">
        New here?{" "}
        <Link to="/register" state={state}>
          Create an account
        </Link>
      </p>
    </div>
  );
}
