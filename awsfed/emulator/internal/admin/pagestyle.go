package admin

// pageStyle is the page's CSS. Colours have a contrast of 4.5 to 1 at least, light and dark.
const pageStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --ground: #ffffff; --line: #d0d7de; --head: #f3f5f7; --bad: #a40e26; --badground: #fff1f0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --soft: #9da7b3; --ground: #0d1117; --line: #30363d; --head: #161b22; --bad: #ff9a92; --badground: #2a1215; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.5rem 3rem; max-width: 90rem; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
header { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; justify-content: space-between; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.4rem; margin: .3rem 0; }
h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.1rem 0 .3rem; }
section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9em; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border: 1px solid var(--line); }
thead th { background: var(--head); }
td, dd, code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
td.prose { font-family: inherit; }
code { font-size: inherit; white-space: pre-wrap; }
#world td { min-width: 8.5rem; }
#requests td:not(:last-child) { overflow-wrap: break-word; }
time { white-space: nowrap; }
small { color: var(--soft); }
.refused { background: var(--badground); }
.refused td strong, tr.refused th { color: var(--bad); }
dl { margin: 0; display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; }
dl > div { display: contents; }
dt { color: var(--soft); font-family: system-ui, sans-serif; }
dd { margin: 0; }
dd > table { margin: .2rem 0 .6rem; }
ul { margin: 0; padding-left: 1.1rem; }
ul:has(> li > dl) { list-style: none; padding: 0; }
li > dl { border-left: 2px solid var(--line); padding-left: .6rem; margin-bottom: .6rem; }
.stopped header::after { content: "The emulator does not answer: this is what it was."; color: var(--bad); font-weight: bold; }
@media (max-width: 50rem) { dl { grid-template-columns: 1fr; } }
`
