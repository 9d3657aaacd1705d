/** What can be tried with a rule: to switch it off, to move it, to edit it. */
import { useId, useState } from 'preact/hooks'
import type { RulePlace } from '../../protocol.ts'
import { change, refused } from './trying.ts'

/** `name`: of the rule, for who does not see where the buttons stand. */
export function RuleActions({ rule, name }: { rule: RulePlace; name: string }) {
  const [text, setText] = useState<string | undefined>(undefined)
  const at = `${rule.family} ${rule.table} ${rule.chain} ${rule.number} ${rule.text}`
  const wrong = refused.value?.at === at ? refused.value.error : undefined
  const id = useId()
  const button = (label: string, says: string, act: () => void) => (
    <button type="button" aria-label={`${says}: ${name}`} title={says} onClick={act}>
      {label}
    </button>
  )
  return (
    <span class="actions">
      {button('Off', 'Switch off', () => void change({ rule, do: 'off' }, at))}
      {button('Edit', 'Edit', () => setText(text === undefined ? (rule.text ?? '') : undefined))}
      {button('↑', 'Move up', () => void change({ rule, do: 'up' }, at))}
      {button('↓', 'Move down', () => void change({ rule, do: 'down' }, at))}
      {text !== undefined && (
        <form
          class="edit"
          onSubmit={(event) => {
            event.preventDefault()
            void change({ rule, do: { text } }, at).then((done) => done && setText(undefined))
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
