/** Another packet or other rules: what the model says of it, beside what it says of things as they are. */
import { useSignal, useSignalEffect } from '@preact/signals'
import { useState } from 'preact/hooks'
import type { Explanation, Mark, StepOf } from '../../protocol.ts'
import { Explained, PacketLine } from '../explanation/explanation.tsx'
import { SIGNS } from '../list/list.tsx'
import { WayMap } from '../map/map.tsx'
import { after, explanation, maps, tab } from '../state.ts'
import { PacketForm } from './packet-form.tsx'
import { RuleActions, Wrong } from './rule-actions.tsx'
import {
  before,
  captured,
  change,
  changes,
  differs,
  loadWhole,
  made,
  packet,
  redo,
  reset,
  took,
  undo,
  undone,
  useShown,
  warnings,
  whole,
} from './trying.ts'

export function WhatIf() {
  useSignalEffect(() => {
    void explanation.value
    void useShown()
  })
  const now = after.value
  return (
    <div class="what-if">
      <Results />
      {now && packet.value && (
        <WayMap
          maps={maps.value}
          of={now}
          {...(changes.value.length > 0 && before.value ? { before: before.value } : {})}
        />
      )}
      <section aria-label="Packet">
        <h3>Packet</h3>
        <PacketForm />
      </section>
      <Changes />
      {now && packet.value && (
        <>
          <RulesOnTheWay steps={now.steps} />
          <Whole />
        </>
      )}
    </div>
  )
}

/** Most of it is of rules that did not match: what it says is asked for once it is looked at. */
function Whole() {
  const isOpen = useSignal(false)
  useSignalEffect(() => {
    void after.value
    if (isOpen.value) void loadWhole()
  })
  const shown = whole.value ?? after.value!
  return (
    <details class="after" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>The whole explanation{changes.value.length > 0 ? ', with the changes' : ''}</summary>
      <Explained of={shown} onTry={(command, fix) => void change({ command, fix: `Fix: ${fix}` }, 'list')} />
    </details>
  )
}

/** `✗ DROPPED by filter INPUT rule 1`. */
const headline = ({ row }: Explanation): string => [row.word, row.decided].filter((one) => one !== undefined).join(' ')

function Results() {
  const [unchanged, now, seen] = [before.value, after.value, captured.value]
  if (!unchanged || !now) return <p class="hint">Say which packet: what happens to it is shown here.</p>
  const isChanged = changes.value.length > 0
  return (
    <section class="results" aria-label="Result" aria-live="polite">
      {seen && headline(seen) !== headline(unchanged) && <Result of={seen} label="captured" />}
      <Result of={unchanged} label={isChanged ? 'before' : 'without changes'} />
      {isChanged && <Result of={now} label="after" />}
      {differs.value !== undefined && <p class="hint">The model does not replay what was captured: {differs.value}.</p>}
      {isChanged && headline(unchanged) === headline(now) && <p class="hint">The changes make no difference to it.</p>}
      {warnings.value.map(({ place, message, more }) => (
        <p class="hint" key={place + message}>
          {place}: {message}
          {more && ` (${more})`}
        </p>
      ))}
      {took.value !== undefined && <p class="took">played in {Math.max(1, Math.round(took.value))} ms</p>}
    </section>
  )
}

/** What a sign means where the headline's word alone does not say it. */
const MEANS: Readonly<Partial<Record<Mark, string>>> = {
  look: 'warning: it got through, but see below',
  unsure: 'not known for certain',
}

function Result({ of, label }: { of: Explanation; label: string }) {
  const { row, causeLabel, cause } = of
  const means = MEANS[row.mark]
  return (
    <div class={`result ${row.mark}`} data-result={label}>
      <h2>
        <span class="label">{label}</span>{' '}
        <span aria-hidden="true" title={means}>
          {SIGNS[row.mark]}
        </span>{' '}
        {headline(of)}
        {means !== undefined && <span class="means"> ({means})</span>}
      </h2>
      <PacketLine of={row} />
      {cause.length > 0 && (
        <p>
          <span class="label">{row.mark === 'look' ? 'warning' : causeLabel}</span> {cause.join(' ')}
        </p>
      )}
      {caveatsOf(of).map((one) => (
        <p class="caveat" key={one}>
          {one}
        </p>
      ))}
    </div>
  )
}

/** What qualifies the sign, and is not said as the cause. A note of the reply does so, too: it may never come. */
const caveatsOf = ({ row, cause, findings, notes }: Explanation): string[] =>
  row.mark === 'bad'
    ? []
    : [
        ...findings
          .filter(
            ({ severity, code, isInHeadline }) => (severity !== 'note' || code.startsWith('reply-')) && !isInHeadline,
          )
          .map(({ message }) => message),
        ...notes,
      ].filter((one) => !cause.includes(one))

function Changes() {
  const [command, setCommand] = useState('')
  return (
    <section aria-label="Changes">
      <h3>Changes</h3>
      {made.value.length > 0 && (
        <ol class="changes">
          {made.value.map(({ says, command, undo: back }, i) => (
            <li key={`${i} ${says} ${command}`}>
              <span>{says}</span>{' '}
              <button type="button" onClick={() => void undo(i)} aria-label={`Undo change ${i + 1}`}>
                Undo
              </button>
              {command === undefined ? (
                <p class="hint">
                  No command can name this rule: the ruleset was listed without handles (nft -a list ruleset shows
                  them).
                </p>
              ) : (
                <pre>
                  <code>{command}</code>
                </pre>
              )}
              {toldOf(command).length > 0 && <p class="hint">{toldOf(command).join(' · ')}</p>}
              {back !== undefined && (
                <details>
                  <summary>Undo it on the machine</summary>
                  <pre>
                    <code>{back}</code>
                  </pre>
                </details>
              )}
            </li>
          ))}
        </ol>
      )}
      <p class="all">
        {made.value.length > 0 && (
          <>
            <CopyAll commands={made.value.flatMap(({ command }) => (command === undefined ? [] : [command]))} />{' '}
            <button type="button" onClick={() => void reset()}>
              Reset
            </button>{' '}
          </>
        )}
        {undone.value && (
          <button type="button" onClick={() => void redo()}>
            Redo
          </button>
        )}
      </p>
      <Wrong at="list" />
      <form
        class="typed"
        onSubmit={(event) => {
          event.preventDefault()
          if (command.trim() !== '') void change({ command }, 'command').then((done) => done && setCommand(''))
        }}
      >
        <label for="command">Command (iptables, nft, ipset, ip, sysctl, conntrack)</label>
        <textarea
          id="command"
          rows={2}
          spellcheck={false}
          placeholder="iptables -I INPUT 1 -p tcp --dport 22 -j ACCEPT"
          value={command}
          onInput={(event) => setCommand(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey) return
            event.preventDefault()
            event.currentTarget.form?.requestSubmit()
          }}
        />
        <button type="submit">Try the command</button>
        <Wrong at="command" />
      </form>
    </section>
  )
}

/** What the explanation says of this fix: what its test gave, and its risk. */
function toldOf(command: string | undefined): readonly string[] {
  const { fixes = [], otherFixes = [] } = captured.value ?? {}
  return (command !== undefined && [...fixes, ...otherFixes].find((fix) => fix.command === command)?.says) || []
}

function CopyAll({ commands }: { commands: readonly string[] }) {
  const [said, say] = useState<string | undefined>(undefined)
  if (commands.length === 0) return null
  return (
    <button
      type="button"
      onClick={() =>
        navigator.clipboard.writeText(`${commands.join('\n')}\n`).then(
          () => say('Copied'),
          () => say('Select them by hand'),
        )
      }
    >
      {said ?? 'Copy all'}
    </button>
  )
}

/** Those that it matched, each to be changed. */
function RulesOnTheWay({ steps }: { steps: readonly StepOf[] }) {
  const rules = steps.filter(
    ({ kind, rule, ruleNumber, table, chain }) =>
      kind !== 'policy' && rule !== undefined && ruleNumber !== undefined && table !== undefined && chain !== undefined,
  )
  return (
    <details class="on-the-way" open>
      <summary>Rules that it matches ({rules.length})</summary>
      <p>
        <button type="button" onClick={() => (tab.value = 'rules')}>
          All rules
        </button>
      </p>
      <ol>
        {rules.map(({ n, family, table, chain, ruleNumber, rule, name, isCulprit, verdict }) => (
          <li key={n} class={isCulprit ? 'culprit' : ''}>
            <span class="name">
              {isCulprit ? '➜ ' : ''}
              {name}
              {verdict === undefined ? '' : ` → ${verdict}`}
            </span>
            <RuleActions
              name={name}
              rule={{ family, table: table!, chain: chain!, number: ruleNumber!, text: rule! }}
            />
            <code>{rule}</code>
          </li>
        ))}
      </ol>
    </details>
  )
}
