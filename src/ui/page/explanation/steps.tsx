/** Every step of a journey, under the hooks in which it happened. */
import { useState } from 'preact/hooks'
import type { StepOf } from '../../protocol.ts'

/** Opens the list of steps if it is folded, and goes to the step. */
export function showStep(event: Event): void {
  event.preventDefault()
  const id = (event.currentTarget as Element).getAttribute('href')!.slice(1)
  const step = document.getElementById(id)
  const folded = step?.closest('details')
  if (folded) folded.open = true
  step?.scrollIntoView({ block: 'center' })
  step?.focus()
}

/** Of its place in the page. */
export const stepId = ({ n, side }: StepOf): string => (side ? `step-${side}-${n}` : `step-${n}`)

/** `of`: which of two; their steps are shown on demand. */
export function Steps({ steps, of }: { steps: readonly StepOf[]; of?: string }) {
  const [shown, show] = useState(false)
  if (steps.length === 0) return null
  const missed = steps.reduce((sum, { unmatched }) => sum + unmatched.length, 0)
  let heading: string | undefined
  return (
    <details class="steps" open={of === undefined}>
      <summary>
        {of === undefined ? '' : `${of}: `}
        {steps.length === 1 ? '1 step' : `${steps.length} steps`}
      </summary>
      {missed > 0 && (
        <label class="choice">
          <input type="checkbox" checked={shown} onChange={(event) => show(event.currentTarget.checked)} /> show the{' '}
          {missed === 1 ? 'rule' : `${missed} rules`} that did not match
        </label>
      )}
      <ol>
        {steps.flatMap((step) => {
          const here = `${step.hook ?? 'at an unknown hook'}  ${step.interfaces}`
          const isNew = here !== heading
          heading = here
          return [
            ...(isNew
              ? [
                  <li key={`hook ${step.n}`} class="hook">
                    {here}
                  </li>,
                ]
              : []),
            ...(shown
              ? step.unmatched.map(({ ruleNumber, rule, why }) => (
                  <li key={`${step.n} ${ruleNumber}`} class="unmatched" style={{ '--depth': step.depth }}>
                    {ruleNumber} {why} <code>{rule}</code>
                  </li>
                ))
              : []),
            <OneStep key={step.n} step={step} />,
          ]
        })}
      </ol>
    </details>
  )
}

function OneStep({ step }: { step: StepOf }) {
  const { n, name, odd, rule, verdict, depth, changes, isCulprit } = step
  return (
    <li id={stepId(step)} tabIndex={-1} class={isCulprit ? 'step culprit' : 'step'} style={{ '--depth': depth }}>
      <span class="number">{n}</span> {isCulprit ? '➜ ' : ''}
      {name}
      {odd === undefined ? '' : ` ${odd}`}
      {verdict !== undefined && <b class="verdict"> → {verdict}</b>}
      {rule !== undefined && <code>{rule}</code>}
      {changes.map((change) => (
        <span key={change} class="change">
          {change}
        </span>
      ))}
    </li>
  )
}
