// 1EdTech LTI Client Side postMessages and LTI postMessage Storage: each origin has its own data, as long as the page.
(function () {
  const SUBJECTS = ["lti.capabilities", "lti.get_data", "lti.put_data"];
  const kept = new Map();
  const error = (code, message) => ({ error: { code, message } });

  function answer({ subject, message_id, key, value }, origin) {
    if (subject === "lti.capabilities") return { supported_messages: SUBJECTS.map(subject => ({ subject })) };
    if (!SUBJECTS.includes(subject)) return error("unsupported_subject", `${subject} is not supported`);
    if (!message_id) return error("bad_request", "message_id is missing");
    if (!key || typeof key !== "string") return error("bad_request", "key is missing");
    if (!kept.has(origin)) kept.set(origin, new Map());
    const own = kept.get(origin);
    if (subject === "lti.get_data") return { key, value: own.get(key) ?? null };
    if (value === undefined || value === null) {
      own.delete(key);
      return { key };
    }
    own.set(key, value);
    return { key, value };
  }

  window.addEventListener("message", event => {
    const data = event.data;
    const subject = typeof data?.subject === "string" ? data.subject : "";
    if (!subject.startsWith("lti.") || subject.endsWith(".response")) return;
    const said = { subject: `${subject}.response`, message_id: data.message_id, ...answer(data, event.origin) };
    event.source.postMessage(said, event.origin);
  });
})();
