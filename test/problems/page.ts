/** docs/real-problems.md, as one run of the suite writes it. */
import type { FixTried, Played } from './play.ts'

export interface Run {
  played: readonly Played[]
  kernel: string
  date: string
}

export interface Figures {
  problems: number
  /** Machines near a problem, with which nothing is wrong: nothing is to be named there, nor mended. */
  healthy: number
  named: number
  wrong: number
  restored: number
  /** Of those with a fix that can be typed, whose undo restores all settings. */
  undone: number
  undoable: number
}

export const figuresOf = (played: readonly Played[]): Figures => {
  const count = (test: (one: Played) => boolean) => played.filter(test).length
  const failing = played.filter((one) => !isHealthy(one))
  return {
    problems: failing.length,
    healthy: played.length - failing.length,
    named: count(({ judgement }) => judgement.named !== undefined),
    wrong: count(({ judgement }) => judgement.wrong.length > 0),
    restored: count(({ fix }) => fix.result === 'restored'),
    undone: count(({ fix }) => fix.undo === 'restores'),
    undoable: count(({ fix }) => fix.undo !== undefined),
  }
}

export function printPage({ played, kernel, date }: Run): string {
  const all = figuresOf(played)
  const rows = [...played].sort((a, b) => a.problem.name.localeCompare(b.problem.name)).map(rowOf)
  const wrong = played.flatMap(({ problem, judgement }) =>
    judgement.wrong.map((said) => `- ${problem.name}: ${oneLine(said)}`),
  )
  return `${HEAD}
## The run

Linux ${kernel}, ${date}: of ${all.problems} problems, ${all.named} have their cause named and ${all.restored} are restored by the first fix. Something wrong
is said about ${all.wrong}, of these and of ${all.healthy} healthy machines near them. Of ${all.undoable} undos, ${all.undone} restore every setting. \`NFWHY_PROBLEMS=all npx vitest run test/problems\` writes this page
anew.

| problem | backend | named by | wrong statements | first fix | undo |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

## What is wrong

${wrong.length === 0 ? 'Nothing.' : wrong.join('\n')}
`
}

const isHealthy = ({ problem: { truth } }: Played): boolean => truth.causes.length === 0

const rowOf = (one: Played): string => {
  const { problem, judgement, fix } = one
  return `| [${problem.name}](${problem.thread.address}) | ${problem.backend} | ${isHealthy(one) ? 'healthy' : (judgement.named ?? '–')} | ${judgement.wrong.length || '–'} | ${fixWords(fix)} | ${fix.undo ?? '–'} |`
}

const fixWords = ({ result }: FixTried): string => (result === 'none' ? 'none proposed' : result)

const oneLine = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replace(/nfwhy-[a-z]{4}/g, 'nfwhy-…')

const HEAD = `# Real problems

Problems that people told of in public, rebuilt from the facts of each thread with rules of our own. Each is played on a
kernel in network namespaces: the traffic fails as the thread says, what mended it there mends it here, and what nfwhy
says is held against the truth, which was written down first (\`test/problems/library\`).

- **named by**: what names the true cause: the exchange's culprit, or a finding of that severity.
- **wrong statements**: a status that is not true, an error or a warning that contradicts the truth, a command that was
  tried with the model and does not help on the kernel.
- **first fix**: the first command that the report shows, typed on the machine. It is restored if the traffic works
  and all other traffic is as before.
- **undo**: do rules, sets, routes and settings read the same once its undo was typed?
`
