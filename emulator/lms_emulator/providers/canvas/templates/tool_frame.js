// What Canvas's page does with messages of the tool in its frame.
(function () {
  const frame = document.getElementById("tool_content");
  const tool = {{ tool_origins | tojson }};
  const forwarding = document.getElementById("post_message_forwarding");
  const store = {{ storage | tojson }};
  const MOST_KEYS = 500, MOST_CHARACTERS = 4096;
  const STORED = ["lti.get_data", "lti.put_data"], OLDER = "org.imsglobal.";
  const OF_ITS_OWN_FRAME = ["lti.frameResize", "lti.scrollToTop", "lti.setUnloadMessage", "lti.removeUnloadMessage"];
  const NOT_IN_EDITOR = ["lti.enableScrollEvents", "lti.scrollToTop"];
  const ELSEWHERE = [
    "A2ExternalContentReady", "LtiDeepLinkingResponse", "externalContentReady", "externalContentCancel",
    "mentions.NavigationEvent", "mentions.InputChangeEvent", "mentions.SelectionEvent", "betterchat.is_mini_chat",
    "defaultToolContentReady", "assignment.set_ab_guid", "media_player.iframe_ready", "media_player.get_ready_state",
  ];
  const SMALLEST = 450;
  const unload = new Map(), used = {};

  const cell = (origin, key) => `lti|platform_storage|${origin}|${key}`;
  const error = (code, message) => ({ error: message ? { code, message } : { code } });
  const missing = name => error("bad_request", `Missing required '${name}' field`);
  const said = body => typeof body === "string" ? body : JSON.stringify(body);

  // What an origin has stored since the page was opened; what it stored again counts again.
  const account = origin => used[origin] ??= { keys: 0, characters: 0 };

  function put({ key, value, message_id }, { origin }) {
    if (!key) return missing("key");
    if (!message_id) return missing("message_id");
    const own = account(origin), name = cell(origin, key);
    if (!value) {
      const old = localStorage.getItem(name);
      if (old) {
        own.keys = Math.max(0, own.keys - 1);
        own.characters = Math.max(0, own.characters - key.length - old.length);
        localStorage.removeItem(name);
      }
      return { key };
    }
    const length = key.length + value.length;
    if (own.keys >= MOST_KEYS) return error("storage_exhaustion", "Reached key limit for tool");
    if (own.characters + length > MOST_CHARACTERS) return error("storage_exhaustion", "Reached byte limit for tool");
    own.keys += 1;
    own.characters += length;
    localStorage.setItem(name, value);
    return { key, value };
  }

  function get({ key, message_id }, { origin }) {
    if (!key) return missing("key");
    return message_id ? { key, value: localStorage.getItem(cell(origin, key)) } : missing("message_id");
  }

  function removeUnload(sender) {
    window.removeEventListener("beforeunload", unload.get(sender));
    unload.delete(sender);
  }

  function courseMenu(shown) {
    const expanded = document.body.classList.toggle("course-menu-expanded", shown);
    document.getElementById("left-side")?.style.setProperty("display", expanded ? "block" : "none");
  }

  function asksForWindow(data) {
    if (typeof data === "string") return { url: data };
    if (typeof data !== "object" || data === null || Array.isArray(data))
      throw new Error("message contents must either be a string or an object");
    if (typeof data.url !== "string") throw new Error("message must contain a `url` property");
    return data;
  }

  // Where Canvas opens what a tool asks to have in a whole window.
  function wholeWindow(asked) {
    const target = new URL(asked.url), launch = new URL({{ launch_by_url | tojson }});
    const further = {
      client_id: target.searchParams.get("client_id"), placement: asked.placement,
      assignment_id: target.searchParams.get("assignment_id"), resource_link_id: asked.resource_link_id,
    };
    target.searchParams.append("platform_redirect_url", window.location);
    target.searchParams.append("full_win_launch_requested", "1");
    launch.searchParams.append("display", asked.display || "borderless");
    launch.searchParams.append("url", target);
    Object.entries(further).forEach(([name, value]) => value && launch.searchParams.append(name, value));
    return launch.href;
  }

  // In Canvas's order. What a handler returns is the answer; without anything, Canvas says no more than that it took it.
  const handlers = {
    "lti.close": () => { if ({{ bare | tojson }}) leave(); },
    "lti.enableScrollEvents": (data, event, answer) => {
      let drawn;
      window.addEventListener("scroll", () => {
        window.cancelAnimationFrame(drawn);
        drawn = window.requestAnimationFrame(() => answer({ subject: "lti.scroll", scrollY: window.scrollY }));
      });
      return false;
    },
    "lti.fetchWindowSize": () => {
      const { left, top } = frame.parentElement.getBoundingClientRect();
      return {
        height: window.innerHeight, width: window.innerWidth,
        offset: { top: top + window.scrollY, left: left + window.scrollX },
        footer: document.getElementById("fixed_bottom")?.clientHeight || 0, scrollY: window.scrollY,
      };
    },
    "lti.frameResize": ({ height }) => {
      frame.style.height = `${typeof height === "number" ? Math.max(height, SMALLEST) : SMALLEST}px`;
    },
    "lti.hideRightSideWrapper": () => { document.getElementById("right-side-wrapper")?.style.setProperty("display", "none"); },
    "lti.removeUnloadMessage": (data, event) => removeUnload(event.source),
    "lti.resourceImported": () => { document.body.dataset.resourceImported = "true"; },
    "lti.screenReaderAlert": ({ body }) => tell(said(body), "status"),
    "lti.scrollToTop": () => window.scrollTo(0, frame.parentElement.offsetTop),
    "lti.setUnloadMessage": ({ message }, event) => {
      removeUnload(event.source);
      unload.set(event.source, leaving => { leaving.preventDefault(); leaving.returnValue = message || true; });
      window.addEventListener("beforeunload", unload.get(event.source));
    },
    "lti.showAlert": ({ body, alertType = "success", title }) => {
      if (!body) return missing("body");
      if (!["success", "warning", "error"].includes(alertType || "success"))
        return error("bad_request", "Unsupported value for 'alertType' field");
      tell(`${title || frame.title || "External Tool"}: ${said(body)}`, alertType || "success");
    },
    "lti.showModuleNavigation": ({ show }) => {
      if (typeof show === "boolean")
        document.querySelectorAll(".module-sequence-footer").forEach(one => { one.hidden = !show; });
    },
    ...(store ? {} : {
      [`${OLDER}lti.capabilities`]: () => capabilities(), [`${OLDER}lti.get_data`]: get, [`${OLDER}lti.put_data`]: put,
    }),
    "lti.capabilities": () => capabilities(),
    "lti.get_data": get,
    "lti.put_data": put,
    "lti.getPageContent": () => ({
      content: [...document.querySelectorAll('[data-lti-page-content="true"]')].map(one => {
        const copy = one.cloneNode(true);
        copy.querySelectorAll('[data-lti-page-content="false"]').forEach(part => part.remove());
        return copy.outerHTML.replace(/\n\s*\n/g, "\n");
      }).join(""),
    }),
    "lti.getPageSettings": () => ({ pageSettings: {
      locale: document.documentElement.lang, time_zone: {{ time_zone | tojson }}, use_high_contrast: {{ high_contrast | tojson }},
      active_brand_config_json_url: {{ brand | tojson }}, window_width: window.innerWidth,
    } }),
    "requestFullWindowLaunch": ({ data }) => {
      const asked = asksForWindow(data), launch = wholeWindow(asked);
      const kind = asked.launchType || "same_window", { width, height } = asked.launchOptions || {};
      const features = `toolbar=no,menubar=no,location=no,status=no,resizable,scrollbars,width=${width || 800},height=${height || 600}`;
      if (kind === "popup") window.open(launch, "popupLaunch", features);
      else if (kind === "new_window") window.open(launch, "newWindowLaunch");
      else if (kind === "same_window") window.location.assign(launch);
      else throw new Error("unknown launchType, must be 'popup', 'new_window', 'same_window'");
    },
    "toggleCourseNavigationMenu": () => courseMenu(),
    "showNavigationMenu": () => courseMenu(true),
    "hideNavigationMenu": () => courseMenu(false),
  };

  function capabilities() {
    const framed = subject => store && STORED.includes(subject) ? { frame: "post_message_forwarding" } : {};
    return { supported_messages: Object.keys(handlers).map(subject => ({ subject, ...framed(subject) })) };
  }

  // What Canvas's own pages say from within the frame, when the tool has come back to them.
  const leave = () => window.location.assign({{ back | tojson }});
  const own = {
    externalContentReady: leave,
    externalContentCancel: leave,
    LtiDeepLinkingResponse: data => {
      frame.hidden = true;
      tell(data.errormsg || data.msg || `${data.content_items.length} item(s) chosen`, data.errormsg ? "error" : "success");
    },
  };

  function tell(text, kind) {
    const shown = document.createElement("p");
    shown.setAttribute("role", kind === "error" ? "alert" : "status");
    shown.className = `flash-${kind}`;
    shown.textContent = text || "";
    document.querySelector("main").prepend(shown);
  }

  // The frame that a message came from, on whichever way: what is forwarded names its place in this window.
  function sender(event, data) {
    const place = event.source === forwarding?.contentWindow ? data.sourceToolInfo?.indexInTopFrames : undefined;
    return typeof place === "number" ? window.frames[place] : event.source;
  }

  function answered(data, event, subject, answer) {
    if (!Object.hasOwn(handlers, subject)) return error("unsupported_subject");
    if (data.in_rce && NOT_IN_EDITOR.includes(subject))
      return error("unsupported_subject", "Not supported inside Rich Content Editor");
    const scoped = OF_ITS_OWN_FRAME.includes(subject) && sender(event, data) !== frame.contentWindow;
    const granted = subject !== "lti.getPageContent" || ({{ reads_content | tojson }} && tool.includes(event.origin));
    if (scoped || !granted) return error("unauthorized");
    try {
      return handlers[subject](data, event, answer) ?? {};
    } catch (wrong) {
      return error("error", wrong.message);
    }
  }

  window.addEventListener("message", event => {
    let data = event.data;
    if (typeof data === "string") { try { data = JSON.parse(data); } catch { return; } }
    if (typeof data !== "object" || data === null) return;
    const subject = data.subject || data.messageType;
    if (event.origin === window.location.origin && Object.hasOwn(own, subject)) return own[subject](data);
    if (subject === undefined || ELSEWHERE.includes(subject) || String(data.subject).endsWith(".response")) return;
    const answer = contents => event.source.postMessage({
      subject: `${subject}.response`,
      ...(data.message_id ? { message_id: data.message_id } : {}),
      ...(data.sourceToolInfo ? { sourceToolInfo: data.sourceToolInfo } : {}),
      ...contents,
    }, event.origin);
    const result = answered(data, event, subject, answer);
    if (result) answer(result);
  });
})();
