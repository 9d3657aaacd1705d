/** Runs a mend at its place. */
import { runScript, type TraceHost } from '../trace-host.ts'
import { commandText, type Mend } from './problem.ts'

/** Seconds: a module may take its time. */
const PATIENCE = 30

export interface Done {
  done: boolean
  /** What the commands said where they failed. */
  said?: string
}

/** The very words that were shown, each quoted, so that no shell reads anything in them. Throws LiveProblem. */
export async function runMend(place: TraceHost, { commands = [] }: Mend): Promise<Done> {
  const { status, complaints, stdout } = await runScript(place, commandText(commands), { seconds: PATIENCE })
  if (status === 0) return { done: true }
  const said = (complaints ?? new TextDecoder().decode(stdout).trim()).split('\n')[0]
  return { done: false, said: said || `exit status ${status ?? 'unknown'}` }
}
