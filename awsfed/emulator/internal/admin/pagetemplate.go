package admin

// pageTemplate is the page. What changes is in sections with an ID, which the script replaces; a
// browser without scripts loads the page anew.
const pageTemplate = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript><meta http-equiv="refresh" content="3"></noscript>
<title>awsfed emulator</title>
<link rel="icon" href="data:,">
{{if not .Update}}<style nonce="{{.Nonce}}">` + pageStyle + `</style>{{end}}
</head>
<body>
<header>
<h1>awsfed emulator</h1>
<p id="clock">The clouds’ clock: <time>{{.Now}} UTC</time>{{if .Offset}}, <strong>{{.Offset}}</strong> from this machine’s{{end}}</p>
</header>
<main>

<section id="faults" aria-labelledby="faults-title">
<h2 id="faults-title">Faults</h2>
{{if .Faults}}<table>
<caption>The faults that are on</caption>
<thead><tr><th scope="col">Fault</th><th scope="col">What is wrong</th><th scope="col">Since</th><th scope="col">ID</th></tr></thead>
<tbody>{{range .Faults}}
<tr class="refused"><th scope="row">{{.Name}}</th><td class="prose">{{.Summary}}</td><td><time>{{.Since.UTC.Format "15:04:05"}}</time></td><td>{{.ID}}</td></tr>{{end}}
</tbody>
</table>{{else}}<p>No fault is on.</p>{{end}}
</section>

<section id="requests" aria-labelledby="requests-title">
<h2 id="requests-title">Requests</h2>
{{if .Requests}}<table>
<caption>{{if gt .Total (len .Requests)}}The last {{len .Requests}} of {{.Total}} requests{{else}}All requests{{end}}, the latest first</caption>
<thead><tr><th scope="col">#</th><th scope="col">Time</th><th scope="col">Service</th><th scope="col">Request</th><th scope="col">Answer</th><th scope="col">Judged by</th></tr></thead>
<tbody>{{range .Requests}}
<tr{{if .Refused}} class="refused"{{end}}>
<td>{{.Number}}</td>
<td><time>{{.Time.UTC.Format "15:04:05.000"}}</time></td>
<td>{{.Endpoint}}</td>
<td>{{.Method}} <strong>{{.What}}</strong><br><small>{{if .Replayed}}replayed by Google’s STS{{else}}{{.UserAgent}}{{end}}</small></td>
<td>{{if .Status}}<strong>{{.Status}}</strong> {{end}}{{.Outcome}}</td>
<td>{{template "fields" .Judgement}}</td>
</tr>{{end}}
</tbody>
</table>{{else}}<p>Nobody has asked for anything yet.</p>{{end}}
</section>

<section id="world" aria-labelledby="world-title">
<h2 id="world-title">The world as it is configured</h2>
{{with .World}}{{if or .Settings .Sections}}{{template "fields" .Settings}}{{range .Sections}}
<h3>{{.Name}}</h3>
{{template "value" .Value}}{{end}}{{else}}<p>There is no configuration.</p>{{end}}{{end}}
</section>

</main>
{{if not .Update}}<script nonce="{{.Nonce}}">` + pageScript + `</script>{{end}}
</body>
</html>
{{define "value"}}{{if .Table}}<table>
<thead><tr>{{range .Table.Columns}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>{{range .Table.Rows}}
<tr>{{range .}}<td>{{template "value" .}}</td>{{end}}</tr>{{end}}
</tbody>
</table>{{else if .Fields}}{{template "fields" .Fields}}{{else if .Items}}<ul>{{range .Items}}<li>{{template "value" .}}</li>{{end}}</ul>{{else}}<code>{{.Text}}</code>{{end}}{{end}}
{{define "fields"}}{{if .}}<dl>{{range .}}<div><dt>{{.Name}}</dt><dd>{{template "value" .Value}}</dd></div>{{end}}</dl>{{end}}{{end}}
`

// pageScript keeps the page up to date. It sets no HTML of its own: the server's is parsed without
// being run, and parts that changed are moved over.
const pageScript = `
"use strict";
const parts = ["clock", "faults", "requests", "world"];
async function update() {
  try {
    const response = await fetch("/?update", {cache: "no-store"});
    if (!response.ok) throw new Error(response.statusText);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of parts) {
      const old = document.getElementById(id), fresh = next.getElementById(id);
      const reads = !getSelection().isCollapsed && old.contains(getSelection().anchorNode);
      if (!reads && old.outerHTML !== fresh.outerHTML) old.replaceWith(document.adoptNode(fresh));
    }
    document.body.classList.remove("stopped");
  } catch {
    document.body.classList.add("stopped");
  }
  setTimeout(update, 1000);
}
setTimeout(update, 1000);
`
