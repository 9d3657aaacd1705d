/** What would happen to this packet, or to another one, if rules were changed: before and after, side by side in words. */
import { useEffect, useState } from 'preact/hooks'
import type { Explanation } from '../../protocol.ts'
import { Command, Explained } from '../explanation/explanation.tsx'
import { SIGNS } from '../list/list.tsx'
import { WayMap } from '../map/map.tsx'
import { maps, opened } from '../state.ts'
import { PacketForm } from './packet-form.tsx'
import { add, after, before, change, commands, differs, machine, refused, takePacket } from './state.ts'

export function WhatIf() {
  useEffect(() => void takePacket(), [])
  const [then, now] = [before.value, after.value]
  const isChanged = commands.value.length > 0
  const wrong = refused.value
  return (
    <div class="what-if">
      <Machines />
      <PacketForm />
      <Changes />
      {wrong && (
        <pre class="wrong" role="alert">
          {wrong.message}
          {wrong.hint === undefined ? '' : `\n${wrong.hint}`}
        </pre>
      )}
      {now && (
        <section class="result" aria-live="polite">
          {then && then !== now && <Head label="before" of={then} />}
          {differs.value !== undefined && (
            <p class="note">The model does not give what was captured ({differs.value}).</p>
          )}
          <Head label={isChanged ? 'after, on the model' : 'on the model'} of={now} />
          <WayMap maps={maps.value} of={now} {...(isChanged && then ? { before: then } : {})} />
          <Explained of={now} onTry={(command) => void add(command)} />
        </section>
      )}
    </div>
  )
}

function Machines() {
  const all = opened.value?.machines ?? []
  if (all.length < 2) return null
  return (
    <label class="choice">
      Machine{' '}
      <select
        value={machine.value}
        onChange={(event) => {
          machine.value = event.currentTarget.value
          void change([])
        }}
      >
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
}

function Head({ label, of: { row } }: { label: string; of: Explanation }) {
  return (
    <p class={`head ${row.mark}`}>
      <span class="label">{label}</span>{' '}
      <b>
        {SIGNS[row.mark]} {row.word}
      </b>{' '}
      {row.decided}
    </p>
  )
}

function Changes() {
  const [text, setText] = useState('')
  const made = commands.value
  return (
    <section class="changes">
      <h3>Changes</h3>
      {made.length === 0 && (
        <p class="says">None yet: type a command, try a fix, or switch off, move or edit a rule in the tab "Rules".</p>
      )}
      <ol>
        {made.map((command, i) => (
          <li key={i}>
            <Command text={command} />
            <button
              type="button"
              aria-label={`Undo change ${i + 1}`}
              onClick={() => void change(made.filter((_, k) => k !== i))}
            >
              Undo
            </button>
          </li>
        ))}
      </ol>
      {made.length > 0 && (
        <button type="button" onClick={() => void change([])}>
          Reset
        </button>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() === '') return
          void add(text.trim()).then(() => refused.value === undefined && setText(''))
        }}
      >
        <label for="command">Command</label>
        <input
          id="command"
          type="text"
          value={text}
          placeholder="iptables -I INPUT -p tcp --dport 80 -j ACCEPT"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit">Try it</button>
      </form>
    </section>
  )
}
