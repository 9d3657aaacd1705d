/** The explanation that is stored of an exchange. */
import type { StoredExplanation, StoredPacket } from '../../over-time.ts'
import { LABELS, OneFix } from '../explanation/explanation.tsx'
import { moment } from './moments.ts'

export function StoredExplained({ of }: { of: StoredExplanation }) {
  const { exchange, text, owner, cause, isOfAnother, findings, packets } = of
  const { flow, status, rule, host, time } = exchange
  return (
    <article class="explanation stored">
      <h2 class="bad">
        <span aria-hidden="true">✗</span> {status.toUpperCase()}
        {rule === undefined ? '' : ` by ${rule}`}
      </h2>
      <p class="packet">
        {flow} · {moment(time)}
        {host === undefined ? '' : ` · ${host}`}
      </p>
      {text !== undefined && (
        <code>
          {text}
          {owner === undefined ? '' : ` (${owner}'s rule)`}
        </code>
      )}
      {isOfAnother && (
        <p class="note">
          Many exchanges were alike: what follows was found out for one of them. A command may name that one's
          addresses.
        </p>
      )}
      {findings.map(({ severity, message, fix, command, undo }) => (
        <div key={message} class={`finding ${severity}`}>
          <p>
            <span class="label">{LABELS[severity as keyof typeof LABELS] ?? severity}</span> {message}
          </p>
          {fix !== undefined && (
            <OneFix
              fix={{
                ...{ kind: 'fix', description: fix, says: [] },
                ...(command === undefined ? {} : { command }),
                ...(undo === undefined ? {} : { undo }),
              }}
            />
          )}
        </div>
      ))}
      {cause.length > 0 && (
        <section>
          <h3>Why</h3>
          <ol class="why">
            {cause.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ol>
        </section>
      )}
      {packets.map((packet, i) => (
        <Way key={i} of={packet} />
      ))}
    </article>
  )
}

function Way({ of: { time, flow, outcome, rule, steps } }: { of: StoredPacket }) {
  return (
    <details class="steps">
      <summary>
        {flow} {outcome}
        {rule === undefined ? '' : ` by ${rule}`}, {steps.length === 1 ? '1 step' : `${steps.length} steps`}
        {time === undefined ? '' : `, ${moment(time)}`}
      </summary>
      <table class="behind">
        <tbody>
          {steps.map(({ hook, at, verdict, changes }, i) => (
            <tr key={i}>
              <td>{hook ?? ''}</td>
              <td>{at}</td>
              <td>{verdict ?? ''}</td>
              <td>{changes ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
