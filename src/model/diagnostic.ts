/** Something to tell about an input; data, not text on a screen. Codes are stable, kebab-case. */
export interface Diagnostic {
  input: string
  /** 1-based. */
  line?: number
  code: string
  message: string
}

/** Takes diagnostics as they arise; readers never print and never exit. */
export type Report = (code: string, message: string, line?: number) => void
