import { describe, expect, test } from 'vitest';
import { fieldsRead, fillTemplate } from './fill.ts';

const value = {
  Name: 'app',
  Config: { Env: ['A=1', 'B=2'], User: '' },
  Size: 5,
  Absent: undefined,
  manifest: { digest: 'sha256:1', manifests: [{ digest: 'a', 'os.version': '10' }, { digest: 'b' }] },
  image: { 'linux/s390x': { os: 'linux' }, 'linux/amd64': { os: 'linux', rootfs: { diff_ids: ['x'] } } },
};

describe('templates', () => {
  test.each([
    ['{{.Name}}', 'app'],
    ['{{ .Name }}:{{.Size}}', 'app:5'],
    ['{{json .Config.Env}}', '["A=1","B=2"]'],
    ['{{.Config.Env}}', '[A=1 B=2]'],
    ['{{.Config}}', 'map[Env:[A=1 B=2] User:]'],
    [String.raw`{{.name}}\t{{.Nope}}|`, 'app\t|'],
    ['{{json .Nope.Deeper}}', 'null'],
    ['no field', 'no field'],
    ['{{.Manifest.Digest}}', 'sha256:1'],
    ['{{range .Manifest.Manifests}}{{.Digest}}={{.OSVersion}};{{end}}', 'a=10;b=;'],
    ['{{range $i, $m := .Manifest.Manifests}}{{$i}}{{$m.Digest}}{{$.Name}} {{end}}', '0aapp 1bapp '],
    ['{{range $p, $c := .Image}}{{$p}}{{end}}', 'linux/amd64linux/s390x'],
    ['{{range .Nope}}x{{else}}none{{end}}', 'none'],
    ['{{json (index .Image "linux/s390x")}}', '{"os":"linux"}'],
    ['{{(index .Image "linux/amd64").RootFS.DiffIDs}}', '[x]'],
    ['{{index .Config.Env 1}}', 'B=2'],
    ['{{index .Image "none"}}|', '|'],
    ['{{if .Config.User}}user{{else if eq .Name "app"}}app{{else}}none{{end}}', 'app'],
    ['{{with .Manifest}}{{.Digest}}{{end}}', 'sha256:1'],
    ['{{$x := len .Config.Env}}{{$x}}', '2'],
    ['{{.Name | upper | printf "%-5s|%q" "x"}}', 'x    |"APP"'],
    ['a {{- /* a comment }} in it */ -}} b', 'ab'],
    ['a  {{- .Name -}}  b', 'aappb'],
    ['{{"}}"}}{{`"`}}', '}}"'],
    ['{{join .Config.Env ","}}', 'A=1,B=2'],
    ['{{and .Name .Size}}{{or .Config.User "root"}}{{not .Name}}', '5rootfalse'],
  ])('%s', (template, text) => expect(fillTemplate(template, value)).toBe(text));

  test.each([
    '{{range .Config}}',
    '{{end}}',
    '{{.Name | nope}}',
    '{{.Name.Deeper}}',
    '{{.Name',
    '{{json (.Name}}',
    '{{}}',
    '{{.Name .Size}}',
    '{{template "x"}}',
    '{{$x}}',
    '{{if .Name}}{{else}}',
    '{{.Name ; 1}}',
    '{{.Name = 1}}',
    '{{constructor}}',
  ])('%s is refused', (template) => expect(() => fillTemplate(template, value)).toThrow('--format'));

  test('a root of known fields has no others', () => {
    const fields = ['Name', 'Image'];
    expect(fillTemplate('{{.name}}{{with .Image}}{{.Any}}{{end}}', { Name: 'x', Image: {} }, { fields })).toBe('x');
    expect(() => fillTemplate('{{$.Size}}', { Name: 'x' }, { fields })).toThrow('.Name, .Image');
  });

  test('own functions replace those that there are', () => {
    expect(fillTemplate('{{json .Name}}', value, { functions: { json: () => 'own' } })).toBe('own');
  });

  test.each([
    ['{{.Name}}', ['name']],
    ['{{json .}}', ['.']],
    ['{{range .Image}}{{end}}{{with (index .SBOM "x")}}{{$.Provenance.SLSA}}{{end}}', ['image', 'provenance', 'sbom']],
  ])('%s reads %s', (template, fields) => expect([...fieldsRead(template)].toSorted()).toEqual(fields));
});
