/** The whole page: what is open, which exchanges, and the one that is looked at. */
import { useEffect } from 'preact/hooks'
import type { WarningWords } from '../../reports/warning-words.ts'
import { MOST_REPORTED } from '../report/most-reported.ts'
import { Compare, Comparing } from './compare/compare.tsx'
import { compared, mark, marked } from './compare/comparing.ts'
import { Explained } from './explanation/explanation.tsx'
import { Export } from './export/export.tsx'
import { KEYS, onKey } from './keys.ts'
import type { Tab } from './link.ts'
import { Filter } from './list/filter.tsx'
import { List } from './list/list.tsx'
import { Facets, Times } from './list/narrow.tsx'
import { isListing, live } from './live/live.ts'
import { LiveBar } from './live/live-bar.tsx'
import { WayMap } from './map/map.tsx'
import { Open } from './open.tsx'
import { ofStore } from './over-time/asking.ts'
import { OverTime } from './over-time/over-time.tsx'
import { Rules } from './rules/rules.tsx'
import { serverEnded } from './served.ts'
import {
  busy,
  canCompare,
  canTry,
  explanation,
  facets,
  filter,
  filterBy,
  helpShown,
  listed,
  maps,
  missing,
  opened,
  problem,
  reported,
  rowCount,
  tab,
} from './state.ts'
import { ofWatch } from './watch/asking.ts'
import { Watch } from './watch/watch.tsx'
import { tryHere } from './what-if/trying.ts'
import { WhatIf } from './what-if/what-if.tsx'

export function App() {
  useEffect(() => {
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  const files = opened.value
  return (
    <>
      <header>
        <h1>nfwhy</h1>
        {files?.hasCapture && reported.value === undefined && <Filter />}
        {files?.hasCapture && reported.value === undefined && <Export />}
        {files && (
          <button
            type="button"
            class="help"
            aria-expanded={helpShown.value}
            onClick={() => (helpShown.value = !helpShown.value)}
          >
            Keys
          </button>
        )}
        {reported.value === undefined && !live.value && !ofStore.value && !ofWatch.value && (
          <Open small={files !== undefined} />
        )}
      </header>
      {helpShown.value && <Help />}
      <LiveBar />
      <p class="busy" role="status">
        {busy.value === undefined ? '' : `${busy.value} …`}
      </p>
      {problem.value && (
        <pre class="wrong" role="alert">
          {problem.value.message}
          {problem.value.hint === undefined ? '' : `\n${problem.value.hint}`}
        </pre>
      )}
      {serverEnded.value && (
        <p class="wrong" role="alert">
          {ofWatch.value
            ? 'nfwhy watch has ended: what was counted up to then is shown.'
            : 'nfwhy serve has ended: its files cannot be read again. Start it again, and open the link that it prints.'}
        </p>
      )}
      {ofStore.value && <OverTime />}
      {ofWatch.value && <Watch />}
      {files && <Main hasCapture={files.hasCapture} warnings={listed.value?.warnings ?? files.warnings} />}
    </>
  )
}

function Help() {
  return (
    <dl class="keys">
      {KEYS.map(([key, does]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A report has the first rows alone. */
function LeftOut() {
  const all = reported.value
  if (all === undefined || all <= MOST_REPORTED) return null
  return (
    <p>
      <b>
        This report has {MOST_REPORTED} of {all.toLocaleString('en')} rows, the worst first.
      </b>
    </p>
  )
}

const TABS: readonly [Tab, string][] = [
  ['way', 'Explanation'],
  ['rules', 'Rules'],
  ['try', 'What if'],
]

/** One of them is reached by Tab, the others from it by the arrows: WAI-ARIA's tabs. */
function Tabs() {
  const all = TABS.filter(([name]) => name !== 'try' || canTry.value)
  const at = all.findIndex(([name]) => name === tab.value)
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key]
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    event.preventDefault()
    const [next] = all.at(by % all.length)!
    tab.value = next
    document.getElementById(`tab-${next}`)!.focus()
  }
  return (
    <div class="tabs" role="tablist" onKeyDown={onKeyDown}>
      {all.map(([name, words]) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={`tab-${name}`}
          tabIndex={tab.value === name ? 0 : -1}
          aria-selected={tab.value === name}
          aria-controls="panel"
          onClick={() => (tab.value = name)}
        >
          {words}
        </button>
      ))}
    </div>
  )
}

function Main({ hasCapture, warnings }: { hasCapture: boolean; warnings: readonly WarningWords[] }) {
  const shown = explanation.value
  const pair = shown && compared.value
  return (
    <div class={hasCapture ? 'main' : 'main alone'}>
      {hasCapture && (
        <nav class="side" aria-label="Exchanges">
          <Facets />
          <Times />
          <List />
          <div class="summary" aria-busy={isListing.value}>
            <LeftOut />
            {listed.value?.summary.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </div>
        </nav>
      )}
      <main>
        <Missing />
        <Tabs />
        <div id="panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
          {tab.value === 'way' && listed.value?.rows === 0 && <NoMatch />}
          {tab.value === 'way' && !hasCapture && <NoCapture />}
          {tab.value === 'way' && <Comparing />}
          {tab.value === 'way' && pair && <Compare of={pair} />}
          {tab.value === 'way' && shown && !pair && (
            <>
              <WayMap maps={maps.value} of={shown} />
              <Explained
                of={shown}
                {...(canCompare.value && !marked.value && (rowCount.value > 1 || shown.row.exchanges > 1)
                  ? { onCompare: mark }
                  : {})}
                {...(canTry.value
                  ? { onTry: (command: string, fix: string) => void tryHere({ command, fix: `Fix: ${fix}` }) }
                  : {})}
              />
            </>
          )}
          {tab.value === 'rules' && <Rules />}
          {tab.value === 'try' && <WhatIf />}
        </div>
        <Warnings of={warnings} />
      </main>
    </div>
  )
}

/** A link may be one to other files. */
function Missing() {
  if (missing.value === undefined) return null
  return (
    <p role="status">
      The link names exchange {missing.value}. The list has no such exchange
      {rowCount.value === 0 ? '.' : ': the first one is shown.'}
    </p>
  )
}

/** Nothing is left of the list. */
function NoMatch() {
  const wanted = [filter.value, ...Object.values(facets.value).flat()].filter((one) => one !== '')
  if (wanted.length === 0) return null
  const clear = () => {
    facets.value = { words: [], decided: [], machines: [] }
    void filterBy('')
  }
  return (
    <div role="status">
      <p>
        No exchange matches <code>{wanted.join(', ')}</code>.
        {filter.value !== '' && ' A filter asks for the addresses and ports that a packet came with, before NAT.'}
      </p>
      <button type="button" onClick={clear}>
        Clear the filter
      </button>
    </div>
  )
}

function NoCapture() {
  return (
    <p class="hint">
      No packets were captured in these files: there is nothing to explain. <b>What if</b> plays any packet on the
      rules, <b>Rules</b> lists them. To explain a packet, open a capture as well.
    </p>
  )
}

function Warnings({ of }: { of: readonly WarningWords[] }) {
  if (of.length === 0) return null
  return (
    <details class="warnings">
      <summary>{of.length === 1 ? '1 warning' : `${of.length} warnings`} about the files</summary>
      <ul>
        {of.map(({ place, message, more }) => (
          <li key={place + message}>
            <code>{place}</code>: {message}
            {more && <div>{more}</div>}
          </li>
        ))}
      </ul>
    </details>
  )
}
