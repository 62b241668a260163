// Opens a page or a picture of a trace in a real browser, in light and in dark, and prints what is wrong with it.
// Arguments: the browser, the file, and texts that must be there to be read.
const { pathToFileURL } = require('node:url');
const puppeteer = require('puppeteer-core');

const [browserPath, file, ...texts] = process.argv.slice(2);
const BARS_BEGIN = 490;
const CONTRAST_MIN = 4.5; // WCAG 2.2, 1.4.3

// Runs in the browser. Everything is measured as it is painted, in CSS pixels, but what has the picture's own units.
function faults(barsBegin, contrastMin, texts) {
  const found = [];
  const fault = (words, node) => found.push(`${words}: ${JSON.stringify((node.textContent || node.outerHTML).trim().slice(0, 80))}`);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const canvas = document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  // Red, green, blue from 0 to 255 and alpha from 0 to 1 of whatever form a computed colour has.
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (front, alpha, back) => front.slice(0, 3).map((one, at) => one * alpha + back[at] * (1 - alpha));
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((one) => {
      const share = one / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const ancestors = (node) => (node ? [node, ...ancestors(node.parentElement)] : []);
  const opacity = (node) => ancestors(node).reduce((sum, one) => sum * Number(getComputedStyle(one).opacity), 1);

  // What is painted below a text: the picture's first rectangle, if that fills it, else the colour of what is around.
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const follows = getComputedStyle(document.documentElement).colorScheme.includes('dark');
  const paper = dark && follows ? [18, 18, 18] : [255, 255, 255];
  const ground = (node) => {
    const svg = node.closest('svg');
    const first = svg && svg.querySelector('rect');
    if (first) {
      const [box, whole] = [first.getBBox(), svg.viewBox.baseVal];
      if (box.width >= whole.width && box.height >= whole.height && opacity(first) === 1) return rgba(getComputedStyle(first).fill);
    }
    for (const one of ancestors(node)) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return paper;
  };
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
  const readable = (node) => {
    const style = getComputedStyle(node);
    const ink = rgba(node.closest('svg') ? style.fill : style.color);
    const back = ground(node);
    const alpha = ink[3] * opacity(node) * (node.closest('svg') ? Number(style.fillOpacity) : 1);
    const ratio = contrast(over(ink, alpha, back), back);
    if (ratio < contrastMin) fault(`contrast ${ratio.toFixed(2)}`, node);
  };

  const pictures = all('svg.trace');
  if (pictures.length !== 1) return [`${pictures.length} pictures instead of one`];
  const [svg] = pictures;
  const whole = svg.viewBox.baseVal;
  const inside = (node) => {
    const box = node.getBBox();
    const fits = box.x >= whole.x && box.y >= whole.y && box.x + box.width <= whole.x + whole.width && box.y + box.height <= whole.y + whole.height;
    if (!fits) fault(`outside of the picture, ${[box.x, box.y, box.width, box.height].map(Math.round)}`, node);
    return box;
  };
  const rows = all('g.row', svg);
  const bars = all('rect', svg);
  if (rows.length < 2 || bars.length < rows.length) found.push(`${rows.length} rows, ${bars.length} bars`);
  bars.forEach(inside);
  for (const text of all('text', svg)) {
    if (!(inside(text).width > 0)) fault('a text without width', text);
  }
  let bottom = -Infinity;
  for (const row of rows) {
    const labels = all('text', row).map((text) => ({ text, box: text.getBBox() })).filter(({ box }) => box.x < barsBegin);
    if (labels.length === 0) fault('a row without a label', row);
    labels.sort((one, other) => one.box.x - other.box.x);
    labels.forEach(({ text, box }, at) => {
      const end = at + 1 < labels.length ? labels[at + 1].box.x : barsBegin;
      if (box.x + box.width > end) fault(`a label that ends at ${Math.round(box.x + box.width)}, beyond ${Math.round(end)}`, text);
      if (box.y < bottom - 1) fault('a label over the row above', text);
    });
    bottom = Math.max(bottom, ...labels.map(({ box }) => box.y + box.height));
  }

  const painted = document.documentElement.matches('svg') ? svg : document.body;
  const written = all('*', painted).filter((node) => hasText(node) && !node.closest('title, style') && node.getClientRects().length);
  if (written.length < rows.length) found.push(`only ${written.length} texts`);
  written.forEach(readable);
  // No-break spaces and spaces are one to a reader.
  const said = written.map((node) => node.closest('text, p, li, summary, h1, dd')?.textContent ?? node.textContent).join('\n').replace(/\s+/g, ' ');
  for (const text of texts) {
    if (!said.includes(text)) found.push(`nowhere: ${JSON.stringify(text)}`);
  }

  // What comes from outside is text and nothing else.
  all('script, iframe, object, embed, link, img, image, foreignObject, parsererror, form, base').forEach((node) => fault(`an element ${node.tagName}`, node));
  const ids = new Set();
  for (const node of all('*')) {
    for (const { name, value } of node.attributes) {
      if (/^on/i.test(name)) fault(`an attribute ${name}`, node);
      if (/^(src|srcset|href|xlink:href|action)$/i.test(name) && !value.startsWith('#')) fault(`an address ${value.slice(0, 60)}`, node);
      if (name === 'href' && value.startsWith('#') && !document.getElementById(value.slice(1))) fault(`a link to nothing, ${value}`, node);
      if (name !== 'id') continue;
      if (ids.has(value)) fault(`an id twice, ${value}`, node);
      ids.add(value);
    }
  }
  if (/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(document.documentElement.textContent)) found.push('a control character');
  return found;
}

async function opensOnClick(page) {
  const wrong = [];
  const all = await page.$$('details');
  if (all.length === 0) wrong.push('no details to open');
  for (const one of all.slice(0, 5)) {
    const height = () => one.evaluate((node) => node.getBoundingClientRect().height);
    const before = await height();
    await (await one.$('summary')).click();
    const isOpen = await one.evaluate((node) => node.open);
    if (!isOpen || !((await height()) > before + 10)) wrong.push('details that do not open on a click');
  }
  return wrong;
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: browserPath,
    // As root, and in containers whose shared memory is small.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  const problems = [];
  const address = pathToFileURL(file).href;
  try {
    for (const scheme of ['light', 'dark']) {
      const page = await browser.newPage();
      const wrong = (words) => problems.push(`${scheme}: ${words}`);
      page.on('request', (request) => request.url() === address || wrong(`a request to ${request.url().slice(0, 200)}`));
      page.on('console', (message) => ['error', 'warn'].includes(message.type()) && wrong(`the console says ${message.text()}`));
      page.on('pageerror', (error) => wrong(`an error ${error.message}`));
      page.on('dialog', (dialog) => (wrong('a dialog'), dialog.dismiss()));
      await page.setViewport({ width: 1280, height: 900 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.goto(address, { waitUntil: 'load', timeout: 60_000 });
      if (file.endsWith('.html')) (await opensOnClick(page)).forEach(wrong);
      (await page.evaluate(faults, BARS_BEGIN, CONTRAST_MIN, texts)).forEach(wrong);
      await page.close();
    }
  } finally {
    await browser.close();
  }
  problems.slice(0, 20).forEach((problem) => console.log(problem));
  if (problems.length > 20) console.log(`and ${problems.length - 20} more`);
  process.exitCode = problems.length ? 1 : 0;
}

main();
