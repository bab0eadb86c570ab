// @edx/frontend-platform's authentication, unchanged, in Node: a cookie jar stands for the browser's.
// Its modules are written for a bundler, so a hook finds files without their extension.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , lms, username, password, course] = process.argv;
const modules = process.env.NODE_PATH;
register(
  `data:text/javascript,${encodeURIComponent(`
    import { existsSync } from 'node:fs';
    import { fileURLToPath } from 'node:url';
    export async function resolve(name, context, next) {
      if (name.startsWith('.') && context.parentURL?.includes('frontend-platform')) {
        const url = new URL(name, context.parentURL);
        for (const end of ['.js', '/index.js']) if (existsSync(fileURLToPath(url) + end)) return next(url.href + end, context);
      }
      return next(name, context);
    }
    export async function load(url, context, next) {
      const ours = url.includes('frontend-platform') && url.endsWith('.js');
      return next(url, ours ? { ...context, format: 'module' } : context);
    }`)}`,
  import.meta.url,
);

const jar = new Map();
const requests = [];
let assigned = null;
function keepCookie(line) {
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
  if (/max-age=0\b|expires=[^;]*1970/i.test(line)) jar.delete(name);
  else jar.set(name, { value: value.replace(/^"|"$/g, ''), httpOnly: /httponly/i.test(line) });
}
globalThis.document = {
  get cookie() {
    return [...jar].filter(([, one]) => !one.httpOnly).map(([name, one]) => `${name}=${one.value}`).join('; ');
  },
  set cookie(line) {
    keepCookie(line);
  },
};
globalThis.window = { location: { origin: lms, href: `${lms}/`, assign: (url) => { assigned = url; } } };
globalThis.location = globalThis.window.location;

const { default: axios } = await import(`${pathToFileURL(modules)}/axios/index.js`);
const plain = axios.getAdapter('http');
axios.defaults.adapter = async (config) => {
  const { pathname } = new URL(config.url);
  config.headers.set('Cookie', [...jar].map(([name, one]) => `${name}=${one.value}`).join('; '));
  const keep = (answer) => {
    requests.push(`${config.method.toUpperCase()} ${pathname} ${answer?.status}`);
    (answer?.headers['set-cookie'] ?? []).forEach(keepCookie);
  };
  try {
    const answer = await plain(config);
    keep(answer);
    return answer;
  } catch (error) {
    keep(error.response);
    throw error;
  }
};

const { default: Service } = await import(`${pathToFileURL(modules)}/@edx/frontend-platform/auth/AxiosJwtAuthService.js`);
const loggingService = { logInfo() {}, logError() {}, setCustomAttribute() {} };
const config = {
  BASE_URL: lms,
  LMS_BASE_URL: lms,
  LOGIN_URL: `${lms}/login`,
  LOGOUT_URL: `${lms}/logout`,
  REFRESH_ACCESS_TOKEN_ENDPOINT: `${lms}/login_refresh`,
  ACCESS_TOKEN_COOKIE_NAME: 'edx-jwt-cookie-header-payload',
  CSRF_TOKEN_API_PATH: '/csrf/api/v1/token',
};
const signIn = new Service({ config, loggingService });
const found = {};
found.before = await signIn.fetchAuthenticatedUser();

const form = new URLSearchParams({ email_or_username: username, password }).toString();
const kind = { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
await signIn.getAuthenticatedHttpClient().post(`${lms}/api/user/v2/account/login_session/`, form, { ...kind, isPublic: true });

// signing in changes the CSRF token; the next page is loaded with it
const service = new Service({ config, loggingService });
const http = service.getAuthenticatedHttpClient();
found.user = (await service.fetchAuthenticatedUser()).username;
await service.hydrateAuthenticatedUser();
found.name = service.getAuthenticatedUser().name;
const enrolment = { course_details: { course_id: course } };
found.enrolled = (await http.post(`${lms}/api/enrollment/v1/enrollment`, enrolment)).data.is_active;

jar.delete('edx-jwt-cookie-header-payload'); // as the browser does when it has run out
requests.length = 0;
found.again = (await http.get(`${lms}/api/user/v1/me`)).data.username;
found.refreshed = [...requests];

service.redirectToLogout(`${lms}/`);
found.logout = assigned;
await axios.get(assigned);
found.after = await service.fetchAuthenticatedUser({ forceRefresh: true });
console.log(JSON.stringify(found));
process.exit(0);
