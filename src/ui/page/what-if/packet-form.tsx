/** The packet that is played, as words and as fields. */
import { useEffect, useState } from 'preact/hooks'
import type { Packet } from '../../../model/packet.ts'
import { packet, playPacket } from './state.ts'

type Field = 'in' | 'out' | 'protocol' | 'src' | 'sport' | 'dst' | 'dport' | 'tcpFlags' | 'mark'

const FIELDS: readonly [Field, string, string][] = [
  ['in', 'comes in by', 'eth0'],
  ['out', 'leaves by', ''],
  ['protocol', 'protocol', 'tcp'],
  ['src', 'source', '192.0.2.7'],
  ['sport', 'port', '40000'],
  ['dst', 'destination', '198.51.100.1'],
  ['dport', 'port', '80'],
  ['tcpFlags', 'TCP flags', 'syn'],
  ['mark', 'mark', ''],
]
const NUMBERS: ReadonlySet<Field> = new Set(['sport', 'dport', 'mark'])

export function PacketForm() {
  const now = packet.value
  const [words, setWords] = useState('')
  const [fields, setFields] = useState<Partial<Record<Field, string>>>({})
  useEffect(() => setFields(textsOf(now)), [now])
  return (
    <details class="packet-form" open={now === undefined}>
      <summary>{now ? `Packet: ${summaryOf(now)}` : 'Which packet?'}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (words.trim() !== '') void playPacket(words.trim())
        }}
      >
        <label for="packet-words">In words</label>
        <input
          id="packet-words"
          type="text"
          value={words}
          placeholder="in eth0 tcp 192.0.2.7:40000 > 198.51.100.1:80 syn"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <button type="submit">Simulate</button>
      </form>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void playPacket(packetOf(now, fields))
        }}
      >
        {FIELDS.map(([field, label, example]) => (
          <label key={field}>
            {label}
            <input
              type="text"
              value={fields[field] ?? ''}
              placeholder={example}
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => setFields({ ...fields, [field]: event.currentTarget.value })}
            />
          </label>
        ))}
        <button type="submit">Simulate</button>
      </form>
    </details>
  )
}

const textsOf = (of: Packet | undefined): Partial<Record<Field, string>> =>
  Object.fromEntries(
    FIELDS.flatMap(([field]) => {
      const value = of?.[field]
      return value === undefined ? [] : [[field, Array.isArray(value) ? value.join(' ') : String(value)]]
    }),
  )

const summaryOf = ({ protocol = '', src = '', sport, dst = '', dport }: Packet): string =>
  `${protocol} ${src}${sport === undefined ? '' : ` port ${sport}`} → ${dst}${dport === undefined ? '' : ` port ${dport}`}`

/** The packet with these fields; what else is known of it stays. JSON, so that what is wrong is told as in `--packets`. */
function packetOf(before: Packet | undefined, fields: Partial<Record<Field, string>>): string {
  const made: Record<string, unknown> = { ...before }
  for (const [field] of FIELDS) {
    const text = fields[field]?.trim() ?? ''
    if (text === '') delete made[field]
    else if (field === 'tcpFlags') made[field] = text.toLowerCase().split(/[\s,]+/)
    else made[field] = NUMBERS.has(field) ? Number(text) : text
  }
  return JSON.stringify(made)
}
