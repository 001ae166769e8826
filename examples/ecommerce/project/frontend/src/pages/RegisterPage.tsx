import { useState, type FormEvent } from "react";
import { Link, Navigate, useLocation } from "react-router";
import { Problem } from "../components/Feedback";
import { Field, focusFirstError } from "../components/Field";
import { PageTitle } from "../components/PageTitle";
import { useSession } from "../components/Session";
import { api } from "../services/api";
import {
  anyError,
  emailError,
  passwordError,
  required,
  withoutEmpty,
  type Errors,
} from "../utils/validation";
import { cameFrom } from "./LoginPage";

interface Values {
  fullName: string;
  email: string;
  password: string;
}

export function RegisterPage() {
  const { user, signIn } = useSession();
  const { state } = useLocation();
  const [values, setValues] = useState<Values>({ fullName: "", email: "", password: "" });
  const [errors, setErrors] = useState<Errors<Values>>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);

  if (user) return <Navigate to={cameFrom(state) ?? "/"} replace />;

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const found = withoutEmpty<Values>({
      fullName: required(values.fullName, "your name"),
      email: emailError(values.email),
      password: passwordError(values.password),
    });
    setErrors(found);
    setProblem("");
    if (anyError(found)) return focusFirstError(event.currentTarget);
    setBusy(true);
    try {
      const email = values.email.trim();
      await api.register(email, values.password, values.fullName.trim());
      await signIn(email, values.password);
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  }

  const change = (name: keyof Values) => (event: React.ChangeEvent<HTMLInputElement>) =>
    setValues({ ...values, [name]: event.target.value });

  return (
    <div className="narrow">
      <PageTitle>Create an account</PageTitle>
      <form className="panel form" onSubmit={(event) => void submit(event)} noValidate>
        {problem && <Problem>{problem}</Problem>}
        <Field
          label="Full name"
          autoComplete="name"
          value={values.fullName}
          error={errors.fullName}
          onChange={change("fullName")}
        />
        <Field
          label="E-mail"
          type="email"
          autoComplete="username"
          value={values.email}
          error={errors.email}
          onChange={change("email")}
        />
        <Field
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 10 characters."
          value={values.password}
          error={errors.password}
          onChange={change("password")}
        />
        <button type="submit" className="button button-main" disabled={busy}>
          {busy ? "Creating your account…" : "Create account"}
        </button>
      </form>
      <p className="aside">
        Have an account?{" "}
        <Link to="/login" state={state}>
          Sign in
        </Link>
      </p>
    </div>
  );
}
