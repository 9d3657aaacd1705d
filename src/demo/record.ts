/** What was played as files: a bundle of the packet that failed, one of the same packet after the fix, and what they are. */
import { draw } from './draw.ts'
import type { Incident } from './incident.ts'
import type { Played, Round } from './play.ts'
import { SEEN_WORDS, sendingCommand } from './send.ts'

/** Content by path, below the folder that is recorded to. */
export type Recorded = Record<string, string | Uint8Array>

export const recordedAs = ({ name }: Incident): [failing: string, fixed: string] => [name, `${name}-fixed`]

export function record(incident: Incident, { before, after }: Played): Recorded {
  const [failing, fixed] = recordedAs(incident)
  return { ...bundle(failing, before), ...bundle(fixed, after) }
}

const bundle = (folder: string, { files }: Round): Recorded =>
  Object.fromEntries([...files].map(([name, bytes]) => [`${folder}/${name}`, bytes]))

/** A page about all that was recorded. */
export function recordedPage(list: readonly { incident: Incident; played: Played }[]): string {
  const parts = list.map(({ incident, played }) => {
    const [failing, fixed] = recordedAs(incident)
    const { wires, machines } = draw(incident)
    const sent = (round: Round) =>
      round.sent.map((one) => `${one.sending.from}$ ${sendingCommand(one.sending)}   # ${SEEN_WORDS[one.seen]}`)
    return [
      `## ${incident.name}\n\n${incident.story}\n`,
      `\`\`\`text\n${[...wires, '', ...machines].join('\n').trimEnd()}\n\`\`\`\n`,
      `\`nfwhy explain ${failing}\`: what was sent, and what came of it:\n`,
      `\`\`\`text\n${sent(played.before).join('\n')}\n\`\`\`\n`,
      `\`nfwhy explain ${fixed}\`: the same, after this. ${incident.expected.fix.words}\n`,
      `\`\`\`text\n${played.fix.host}$ ${played.fix.command}\n${sent(played.after).join('\n')}\n\`\`\`\n`,
    ].join('\n')
  })
  return `# Recorded by \`nfwhy demo --record\`

Each folder is a bundle: a trace, with the rules and the state of the traced machine as they were before the packets came.
All machines were network namespaces.

${parts.join('\n')}`
}
