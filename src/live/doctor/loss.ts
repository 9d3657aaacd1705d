/** What a daemon's configuration does to TRACE lines. */
export interface Loss {
  code: string
  message: string
  /** Line of the configuration. */
  evidence: string
  /** Only under load. */
  sometimes?: true
}
