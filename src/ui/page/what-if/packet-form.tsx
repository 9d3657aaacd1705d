/** The packet as fields and as the words of `nfwhy simulate`: either follows the other. */
import { useSignalEffect } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import type { PacketParts } from '../../protocol.ts'
import { Wrong } from './rule-actions.tsx'
import { packet, usePacket } from './trying.ts'

const EMPTY: PacketParts = {
  in: '',
  out: '',
  protocol: '',
  src: '',
  sport: '',
  dst: '',
  dport: '',
  flags: '',
  rest: '',
}

const FIELDS: readonly [keyof PacketParts, string, string][] = [
  ['in', 'in interface', 'eth0; empty: sent by this host'],
  ['out', 'out interface', ''],
  ['protocol', 'protocol', 'tcp'],
  ['src', 'source', '10.0.0.2'],
  ['sport', 'source port', '40000'],
  ['dst', 'destination', '10.0.0.1'],
  ['dport', 'destination port', '80'],
  ['flags', 'TCP flags', 'syn'],
  ['rest', 'other', 'mark 0x1 ttl 64'],
]

export function PacketForm() {
  const [words, setWords] = useState('')
  const [parts, setParts] = useState(EMPTY)
  /** What is being typed into and was not played yet: a packet that comes meanwhile does not write over it. */
  const typing = useRef<keyof PacketParts | 'words' | undefined>(undefined)
  useSignalEffect(() => {
    const now = packet.value
    const { current } = typing
    if (current !== 'words') setWords(now?.words ?? '')
    setParts((typed) => {
      const next = now?.parts ?? EMPTY
      return current === undefined || current === 'words' ? next : { ...next, [current]: typed[current] }
    })
  })
  const isDone = () => (typing.current = undefined)
  const playFields = () => {
    isDone()
    const isOther = packet.value !== undefined && packet.value.parts.protocol !== parts.protocol
    void usePacket({ parts, isOther })
  }
  const isWhole = (next: PacketParts) => next.src !== '' && next.dst !== ''
  return (
    <div class="packet-form">
      <form
        class="typed"
        onSubmit={(event) => {
          event.preventDefault()
          isDone()
          void usePacket({ words })
        }}
      >
        <label for="words">In the words of nfwhy simulate</label>
        <input
          id="words"
          spellcheck={false}
          autocomplete="off"
          placeholder="in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn"
          value={words}
          onInput={(event) => {
            typing.current = 'words'
            setWords(event.currentTarget.value)
          }}
          onBlur={isDone}
        />
        <button type="submit">Play these words</button>
      </form>
      <form
        class="fields"
        aria-label="Packet by fields"
        onSubmit={(event) => {
          event.preventDefault()
          playFields()
        }}
        onChange={() => isWhole(parts) && playFields()}
      >
        {FIELDS.map(([key, label, placeholder]) => (
          <label key={key} class={`field-${key}`}>
            {label}
            <input
              name={key}
              spellcheck={false}
              autocomplete="off"
              placeholder={placeholder}
              value={parts[key]}
              onInput={(event) => {
                typing.current = key
                setParts({ ...parts, [key]: event.currentTarget.value })
              }}
              onBlur={isDone}
            />
          </label>
        ))}
        <button type="submit">Play these fields</button>
      </form>
      <Wrong at="packet" />
    </div>
  )
}
