/** A filter in the command line's language, completed as it is typed. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Completion } from '../../completion.ts'
import type { Refused } from '../engine.ts'
import { ask, filter, filterBy, filterProblem } from '../state.ts'

/** No option is chosen until somebody goes to it: Enter takes the filter as it stands. */
const NONE = -1

export function Filter() {
  const input = useRef<HTMLInputElement>(null)
  const asked = useRef(0)
  /** The answer to what is typed now: keys may be faster than it. */
  const answer = useRef<Promise<Completion | undefined>>(Promise.resolve(undefined))
  const [text, setText] = useState(filter.value)
  const [completion, setCompletion] = useState<Completion | undefined>(undefined)
  const [active, setActive] = useState(NONE)
  useEffect(() => {
    // what cannot be read stays to be corrected
    if (!filterProblem.value) setText(filter.value)
  }, [filter.value])
  const wrong = filterProblem.value
  const options = completion?.options ?? []
  const isOpen = options.length > 0

  const close = () => {
    // an answer that is under way comes too late
    asked.current++
    setCompletion(undefined)
    setActive(NONE)
  }
  /** What can stand at the cursor. */
  const propose = (choose = NONE) => {
    const mine = ++asked.current
    const { value, selectionStart } = input.current!
    setActive(NONE)
    answer.current = ask('complete', { filter: value, cursor: selectionStart ?? value.length }).then((now) => {
      if (mine !== asked.current) return undefined
      setCompletion(now)
      setActive(Math.min(choose, now.options.length - 1))
      return now
    })
  }
  const take = async (place: number) => {
    const now = await answer.current
    const word = now?.options[place]?.text
    const element = input.current
    if (!now || word === undefined || !element) return
    const rest = element.value.slice(now.to)
    const before = element.value.slice(0, now.from) + word + (word === '(' || rest.startsWith(' ') ? '' : ' ')
    element.value = before + rest
    element.focus()
    element.setSelectionRange(before.length, before.length)
    setText(element.value)
    propose()
  }
  /** Does a word end at the cursor? */
  const isTyping = () => /\S$/.test(input.current!.value.slice(0, input.current!.selectionStart ?? 0))
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault()
      const by = key === 'ArrowDown' ? 1 : -1
      if (!isOpen) propose(0)
      else setActive(active === NONE && by < 0 ? options.length - 1 : (active + by + options.length) % options.length)
    } else if (!isOpen) return
    else if (key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      close()
    } else if (key === 'Enter' && active !== NONE) {
      event.preventDefault()
      void take(active)
    } else if (key === 'Tab' && (active !== NONE || isTyping())) {
      event.preventDefault()
      void take(Math.max(0, active))
    } else if (/^(?:ArrowLeft|ArrowRight|Home|End)$/.test(key)) close()
  }
  return (
    <form
      class="filter"
      onSubmit={(event) => {
        event.preventDefault()
        close()
        void filterBy(text.trim())
      }}
    >
      <label for="filter">Filter</label>
      <div class="combobox">
        <input
          id="filter"
          ref={input}
          type="text"
          value={text}
          placeholder="tcp dst port 80"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={isOpen}
          aria-controls="filter-options"
          aria-activedescendant={active === NONE ? undefined : `filter-option-${active}`}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong ? 'filter-problem' : undefined}
          onInput={(event) => {
            setText(event.currentTarget.value)
            propose()
          }}
          onKeyDown={onKeyDown}
          onBlur={close}
        />
        <div id="filter-options" role="listbox" aria-label="Words and values" hidden={!isOpen}>
          {options.map(({ text: word, about }, i) => (
            <Option
              key={word}
              place={i}
              word={word}
              about={about}
              isActive={i === active}
              onTake={(place) => void take(place)}
            />
          ))}
        </div>
      </div>
      {filter.value !== '' && (
        <button type="button" onClick={() => void filterBy('')}>
          Clear
        </button>
      )}
      {wrong && <Wrong of={wrong} />}
    </form>
  )
}

interface OptionProps {
  place: number
  word: string
  about: string
  isActive: boolean
  onTake(place: number): void
}

function Option({ place, word, about, isActive, onTake }: OptionProps) {
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isActive) element.current!.scrollIntoView({ block: 'nearest' })
  }, [isActive])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus, and names the active option
    <div
      id={`filter-option-${place}`}
      ref={element}
      role="option"
      aria-selected={isActive}
      // the input keeps the focus
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => onTake(place)}
    >
      <code>{word}</code> <span class="about">{about}</span>
    </div>
  )
}

/** Lines of the hint that are set in are the filter, and the mark below what is wrong in it: they belong below each other. */
function Wrong({ of: { message, hint = '' } }: { of: Refused }) {
  const lines = hint.split('\n')
  const isMarked = (line: string) => line.startsWith('  ')
  const marked = lines.filter(isMarked)
  const box = useRef<HTMLPreElement>(null)
  useEffect(() => {
    const [filter = '', marker = ''] = marked
    const { scrollWidth, clientWidth } = box.current!
    // of a filter that is wider than the page, the place that is wrong is in sight
    const place = (marker.length / Math.max(filter.length, marker.length, 1)) * scrollWidth
    box.current!.scrollLeft = place - clientWidth / 2
  }, [hint])
  return (
    <div id="filter-problem" class="wrong" role="alert">
      <p>{message}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and not by mouse alone */}
      <pre ref={box} tabIndex={0}>
        {marked.join('\n')}
      </pre>
      <p>
        {filter.value === '' ? (
          'The list is not filtered.'
        ) : (
          <>
            The list still shows what matches <code>{filter.value}</code>.
          </>
        )}
      </p>
      <p class="language">{lines.filter((line) => !isMarked(line)).join('\n')}</p>
    </div>
  )
}
