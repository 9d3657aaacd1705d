/** What is marked for a comparison; and two exchanges side by side, in the words of `nfwhy compare`. */
import type { Compared, ComparedSide } from '../../protocol.ts'
import { Headline, PacketLine } from '../explanation/explanation.tsx'
import { Steps } from '../explanation/steps.tsx'
import { WayMap } from '../map/map.tsx'
import { maps } from '../state.ts'
import { compared, endComparison, marked } from './comparing.ts'

export function Comparing() {
  const a = marked.value
  if (!a) return null
  const { word, protocol, addresses } = a.row
  return (
    <div class="comparing">
      <p role="status">
        {compared.value && <span class="aloud">{compared.value.diverge} </span>}
        {compared.value
          ? 'A and B are compared. Choose another exchange of the list as B.'
          : `A: ${word} ${protocol} ${addresses.join(' ')} — choose a second exchange, B, in the list.`}
      </p>
      <button type="button" onClick={endComparison}>
        End the comparison
      </button>
    </div>
  )
}

export function Compare({ of }: { of: Compared }) {
  const { diverge, differ, share, a, b } = of
  return (
    <article class="comparison">
      <div class="diverge">
        <h2>{diverge}</h2>
        {differ !== undefined && <p>{differ}</p>}
        <p>{share}</p>
      </div>
      <div class="sides">
        <Side name="A" of={a} />
        <Side name="B" of={b} />
      </div>
      <WayMap maps={maps.value} of={{ ...a, reply: b.way }} />
      <div class="sides">
        <section aria-label="Steps of A">
          <Steps steps={a.way.steps} of="A" />
        </section>
        <section aria-label="Steps of B">
          <Steps steps={b.way.steps} of="B" />
        </section>
      </div>
      <details>
        <summary>As text, as the command line prints it</summary>
        <pre class="text">{of.text}</pre>
      </details>
    </article>
  )
}

function Side({ name, of: { row, lines } }: { name: string; of: ComparedSide }) {
  return (
    <section class={`of ${row.mark}`} aria-label={name}>
      <h3>
        <span class="name">{name}</span> <Headline of={row} />
      </h3>
      <PacketLine of={row} />
      <ol>
        {lines.map(({ kind, text }, i) => (
          <li key={`${i} ${text}`} class={`met-${kind}`}>
            {kind === 'rule' ? (
              <code>
                <Words of={text} />
              </code>
            ) : (
              <Words of={text} />
            )}
          </li>
        ))}
      </ol>
    </section>
  )
}

const OPTION = /(?<=^|\s)(--?[\w-]{1,40})(?=\s|$)/

/** Options in one piece: a line would break behind their hyphens. */
const Words = ({ of }: { of: string }) => (
  <>
    {of.split(OPTION).map((part, i) =>
      i % 2 === 1 ? (
        <span key={`${i} ${part}`} class="option">
          {part}
        </span>
      ) : (
        part
      ),
    )}
  </>
)
