/** What can be tried with a rule: to switch it off, to move it, to edit it. */
import { useId, useState } from 'preact/hooks'
import type { Change, RulePlace } from '../../protocol.ts'
import { change, refused } from './trying.ts'

interface Wanted {
  rule: RulePlace
  /** Of the rule, for who does not see where the buttons stand. */
  name: string
  /** Chooses the rule's machine. Absent: it is the packet's. */
  choose?: () => Promise<void>
}

export function RuleActions({ rule, name, choose }: Wanted) {
  const [text, setText] = useState<string | undefined>(undefined)
  const at = `${rule.family} ${rule.table} ${rule.chain} ${rule.number} ${rule.text}`
  const wrong = refused.value?.at === at ? refused.value.error : undefined
  const id = useId()
  const make = async (what: Extract<Change, { rule: RulePlace }>['do']): Promise<boolean> => {
    await choose?.()
    return change({ rule, do: what }, at)
  }
  const button = (label: string, says: string, act: () => void) => (
    <button type="button" aria-label={`${says}: ${name}`} title={says} onClick={act}>
      {label}
    </button>
  )
  return (
    <span class="actions">
      {button('Off', 'Switch off', () => void make('off'))}
      {button('Edit', 'Edit', () => setText(text === undefined ? (rule.text ?? '') : undefined))}
      {button('↑', 'Move up', () => void make('up'))}
      {button('↓', 'Move down', () => void make('down'))}
      {text !== undefined && (
        <form
          class="edit"
          onSubmit={(event) => {
            event.preventDefault()
            void make({ text }).then((done) => done && setText(undefined))
          }}
        >
          <textarea
            aria-label={`Words of ${name}`}
            aria-describedby={wrong ? id : undefined}
            aria-invalid={wrong !== undefined}
            rows={3}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit">Apply</button>
          <button type="button" onClick={() => setText(undefined)}>
            Cancel
          </button>
        </form>
      )}
      <Wrong at={at} id={id} />
    </span>
  )
}

/** What was refused here, with the wrong word marked below it. */
export function Wrong({ at, id }: { at: string; id?: string }) {
  const wrong = refused.value?.at === at ? refused.value.error : undefined
  if (!wrong) return null
  return (
    <pre class="wrong" role="alert" id={id}>
      {wrong.message}
      {wrong.hint === undefined ? '' : `\n${wrong.hint}`}
    </pre>
  )
}
