/** The rules of each machine: chains one by one, where their jumps lead, how many of the packets shown met each. */
import { signal } from '@preact/signals'
import { useState } from 'preact/hooks'
import type { ChainOf, RuleOf, RulesetOf, TableOf } from '../../protocol.ts'
import { ask, rulesets } from '../state.ts'
import { add, changeRule, refused } from '../what-if/state.ts'

/** Chains that are open, by key: of ten thousand only those are drawn. */
const open = signal<ReadonlySet<string>>(new Set())
/** Chains that were gone to from a jump, the last one at the end. */
const trail = signal<readonly string[]>([])
/** Rules of a chain that are drawn; more are a search away. */
const MOST = 500

const keyOf = (machine: string | undefined, table: TableOf, chain: string): string =>
  JSON.stringify([machine ?? '', table.family, table.name, chain])

export function Rules() {
  const [text, setText] = useState('')
  const wrong = refused.value
  const wanted = text.trim().toLowerCase()
  return (
    <div class="rules">
      <p>
        <label for="rules-search">Search</label>
        <input
          id="rules-search"
          type="search"
          value={text}
          placeholder="a rule's words, a chain, an address"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {trail.value.length > 0 && (
          <button type="button" onClick={back}>
            Back
          </button>
        )}
      </p>
      {wrong && (
        <pre class="wrong" role="alert">
          {wrong.message}
          {wrong.hint === undefined ? '' : `\n${wrong.hint}`}
        </pre>
      )}
      {rulesets.value.length === 0 && <p>No ruleset is open.</p>}
      {rulesets.value.map((ruleset) => (
        <section key={ruleset.machine ?? ''}>
          {ruleset.machine !== undefined && <h2>{ruleset.machine}</h2>}
          {ruleset.tables.map((table) => (
            <Table key={`${table.family} ${table.name} ${table.backend}`} of={ruleset} table={table} wanted={wanted} />
          ))}
        </section>
      ))}
    </div>
  )
}

function Table({ of, table, wanted }: { of: RulesetOf; table: TableOf; wanted: string }) {
  const chains = table.chains.filter((chain) => wanted === '' || matches(chain, wanted))
  const sets = table.sets.filter(
    ({ name, elements }) => wanted === '' || [name, ...elements].some((one) => has(one, wanted)),
  )
  if (chains.length === 0 && sets.length === 0 && wanted !== '') return null
  return (
    <section class="table">
      <h3>
        {table.family} {table.name} <small>({table.backend})</small>
      </h3>
      {chains.map((chain) => (
        <Chain key={chain.name} {...{ of, table, chain, wanted }} />
      ))}
      {sets.map(({ name, what, elements, all }) => (
        <details key={name} class="set">
          <summary>
            {name} <small>{`${what}, ${all} ${all === 1 ? 'element' : 'elements'}`}</small>
          </summary>
          <code>{elements.join('\n')}</code>
          {all > elements.length && <p class="says">{`${all - elements.length} more are not listed here.`}</p>}
        </details>
      ))}
    </section>
  )
}

const has = (text: string, wanted: string): boolean => text.toLowerCase().includes(wanted)
const matches = ({ name, rules }: ChainOf, wanted: string): boolean =>
  has(name, wanted) || rules.some(({ text }) => has(text, wanted))

const metBy = (hits: number): string => `met by ${hits === 1 ? '1 packet' : `${hits.toLocaleString('en')} packets`}`

interface ChainProps {
  of: RulesetOf
  table: TableOf
  chain: ChainOf
  wanted: string
}

function Chain({ of, table, chain, wanted }: ChainProps) {
  const key = keyOf(of.machine, table, chain.name)
  const isOpen = open.value.has(key) || (wanted !== '' && !has(chain.name, wanted))
  const rules =
    wanted === '' || has(chain.name, wanted) ? chain.rules : chain.rules.filter(({ text }) => has(text, wanted))
  const hits = chain.rules.filter((one) => one.hits > 0).length
  const { hook, priority, policy, owner } = chain
  return (
    <details
      id={`chain ${key}`}
      class="chain"
      open={isOpen}
      onToggle={(event) => setOpen(key, event.currentTarget.open)}
    >
      <summary>
        <b>{chain.name}</b>{' '}
        <small>
          {[
            ...(hook === undefined ? [] : [`hook ${hook}, priority ${priority ?? 0}`]),
            ...(policy === undefined ? [] : [`policy ${policy}`]),
            `${chain.rules.length} ${chain.rules.length === 1 ? 'rule' : 'rules'}`,
            ...(owner === undefined ? [] : [`of ${owner}`]),
            ...(hits === 0 ? [] : [`${hits} met by packets`]),
          ].join(', ')}
        </small>
      </summary>
      {isOpen && (
        <ol>
          {rules.slice(0, MOST).map((rule) => (
            <Rule key={rule.number} {...{ of, table, chain, rule }} />
          ))}
          {rules.length > MOST && <li class="says">{`${rules.length - MOST} more: search for the one you want.`}</li>}
        </ol>
      )}
    </details>
  )
}

function Rule({ of, table, chain, rule }: { of: RulesetOf; table: TableOf; chain: ChainOf; rule: RuleOf }) {
  const [edited, edit] = useState<{ before: string; text: string } | undefined>(undefined)
  const at = {
    ...(of.machine === undefined ? {} : { machine: of.machine }),
    ...{ family: table.family, table: table.name, chain: chain.name, ruleNumber: rule.number },
  }
  const { number, handle, text, to, hits } = rule
  const name = `rule ${number} of ${chain.name}`
  return (
    <li class={hits > 0 ? 'met' : ''}>
      <span class="number">{number}</span>
      <code>{text}</code>
      {handle !== undefined && <small> handle {handle}</small>}
      {hits > 0 && <small class="hits"> {metBy(hits)}</small>}
      {to !== undefined && (
        <button
          type="button"
          class="to"
          onClick={() => goTo(keyOf(of.machine, table, to), keyOf(of.machine, table, chain.name))}
        >
          → {to}
        </button>
      )}
      <span class="acts">
        <button type="button" aria-label={`Switch off ${name}`} onClick={() => void changeRule(at, 'off')}>
          Off
        </button>
        <button type="button" aria-label={`Move ${name} up`} onClick={() => void changeRule(at, 'up')}>
          ↑
        </button>
        <button type="button" aria-label={`Move ${name} down`} onClick={() => void changeRule(at, 'down')}>
          ↓
        </button>
        <button type="button" aria-label={`Edit ${name}`} onClick={() => void ask('ruleWords', at).then(edit)}>
          Edit
        </button>
      </span>
      {edited && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void add(`${edited.before} ${edited.text}`).then(() => refused.value === undefined && edit(undefined))
          }}
        >
          <code>{edited.before}</code>
          <textarea
            aria-label={`Words of ${name}`}
            rows={2}
            spellcheck={false}
            value={edited.text}
            onInput={(event) => edit({ ...edited, text: event.currentTarget.value })}
          />
          <button type="submit">Try it</button>
          <button type="button" onClick={() => edit(undefined)}>
            Leave it
          </button>
        </form>
      )}
    </li>
  )
}

function setOpen(key: string, isOpen: boolean): void {
  const next = new Set(open.value)
  if (isOpen) next.add(key)
  else next.delete(key)
  open.value = next
}

function goTo(key: string, from: string): void {
  setOpen(key, true)
  trail.value = [...trail.value, from]
  show(key)
}

function back(): void {
  const last = trail.value.at(-1)
  trail.value = trail.value.slice(0, -1)
  if (last !== undefined) show(last)
}

function show(key: string): void {
  const chain = document.getElementById(`chain ${key}`)
  chain?.scrollIntoView({ block: 'start' })
  chain?.querySelector('summary')?.focus()
}
