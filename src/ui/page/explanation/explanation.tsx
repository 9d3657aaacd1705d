/** One exchange explained: the answer, its cause, what to change, and every step. */
import { useState } from 'preact/hooks'
import type { Explanation, FindingOf, FixOf, Row } from '../../protocol.ts'
import { SIGNS } from '../list/list.tsx'
import { Steps, showStep } from './steps.tsx'

/** With the words of the fix whose command it is. */
type Try = (command: string, fix: string) => void

interface ExplainedProps {
  of: Explanation
  onTry?: Try | undefined
  onCompare?: () => void
}

export function Explained({ of, onTry, onCompare }: ExplainedProps) {
  const { row, cause, causeLabel, rule, notices, fixes, otherFixes, findings, notes, rewrites, why, steps } = of
  return (
    <article class="explanation">
      <h2 class={row.mark}>
        <Headline of={row} />
      </h2>
      <div class="packet-line">
        <PacketLine of={row} />
        {onCompare && (
          <button type="button" aria-keyshortcuts="c" onClick={onCompare}>
            Compare with …
          </button>
        )}
      </div>
      {cause.length > 0 && (
        <p class="cause">
          <span class="label">{causeLabel}</span> {cause.join(' ')}
          {rule !== undefined && <code>{rule}</code>}
        </p>
      )}
      {notices.map(({ message, fixes }) => (
        <div key={message} class="notice">
          <p>
            <span class="label">warn</span> {message}
          </p>
          {fixes.map((fix) => (
            <p key={fix}>
              <span class="label">fix</span> {fix}
            </p>
          ))}
        </div>
      ))}
      {fixes.map((fix) => (
        <OneFix key={fix.description} fix={fix} onTry={onTry} />
      ))}
      {why.length > 0 && (
        <section>
          <h3>Why</h3>
          <ol class="why">
            {why.map(({ name, text, rule, owner, isCulprit, step }) => (
              <li key={`${step} ${name}`} class={isCulprit ? 'culprit' : ''}>
                <a href={`#step-${step}`} onClick={showStep}>
                  {isCulprit ? '➜ ' : ''}
                  {name}
                </a>{' '}
                {text}
                {owner === undefined ? '' : ` (${owner}'s rule)`}
                {rule !== undefined && <code>{rule}</code>}
              </li>
            ))}
          </ol>
        </section>
      )}
      {rewrites.map(({ label, name, rule }) => (
        <p key={label + name}>
          <span class="label">{label}</span> {name} {rule !== undefined && <code>{rule}</code>}
        </p>
      ))}
      {findings.map((finding) => (
        <Found key={finding.code + finding.message} finding={finding} />
      ))}
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {otherFixes.length > 0 && (
        <details>
          <summary>Other fixes ({otherFixes.length})</summary>
          {otherFixes.map((fix) => (
            <OneFix key={fix.description} fix={fix} onTry={onTry} />
          ))}
        </details>
      )}
      <Steps steps={steps} />
      <details>
        <summary>As text, as the command line prints it</summary>
        <pre class="text">{of.text}</pre>
      </details>
    </article>
  )
}

export function Headline({ of: { mark, word, decided } }: { of: Row }) {
  return (
    <>
      <span aria-hidden="true">{SIGNS[mark]}</span> {word}
      {decided === undefined ? '' : ` ${decided}`}
    </>
  )
}

export function PacketLine({ of: { protocol, addresses, details, count } }: { of: Row }) {
  return (
    <p class="packet">
      {protocol} {addresses.join(' ')}
      {details.length > 0 && ` · ${details.join(' · ')}`}
      {count > 1 && ` · ${count.toLocaleString('en')} packets`}
    </p>
  )
}

export const LABELS = { error: 'error', warning: 'warn', note: 'note' }

function Found({ finding }: { finding: FindingOf }) {
  const { code, severity, message, isInHeadline, look, rules } = finding
  return (
    <div class={`finding ${severity}`}>
      <span class="label" title={code}>
        {isInHeadline ? 'look' : LABELS[severity]}
      </span>{' '}
      {isInHeadline ? '' : message}
      {rules.map((rule) => (
        <code key={rule}>{rule}</code>
      ))}
      {look.map((command) => (
        <Command key={command} text={command} />
      ))}
    </div>
  )
}

export function OneFix({ fix, onTry }: { fix: FixOf; onTry?: Try | undefined }) {
  const { kind, description, command, undo, says } = fix
  return (
    <section class={`fix ${kind}`}>
      <p>
        <span class="label">{kind}</span> {description}
      </p>
      {command !== undefined && <Command text={command} />}
      {says.length > 0 && <p class="says">{says.join(' · ')}</p>}
      {command !== undefined && onTry && (kind === 'fix' || kind === 'stop') && (
        <button type="button" onClick={() => onTry(command, description)}>
          Try it here
        </button>
      )}
      {undo !== undefined && (
        <details>
          <summary>Undo</summary>
          <Command text={undo} />
        </details>
      )}
    </section>
  )
}

export function Command({ text }: { text: string }) {
  const [said, say] = useState('Copy')
  return (
    <div class="command">
      <pre>
        <code>{text}</code>
      </pre>
      <button
        type="button"
        onClick={() =>
          navigator.clipboard.writeText(text).then(
            () => say('Copied'),
            () => say('Select it by hand'),
          )
        }
      >
        {said}
      </button>
    </div>
  )
}
