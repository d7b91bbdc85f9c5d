export const id = 863;
export const ids = [863];
export const modules = {

/***/ 9863:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   createGitHubRunner: () => (/* binding */ createGitHubRunner)
/* harmony export */ });
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(7598);
/* harmony import */ var node_crypto__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_crypto__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var node_fs__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(3024);
/* harmony import */ var node_fs__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(node_fs__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var _report_escape_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(4031);
/* harmony import */ var _mask_js__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(8331);
/* harmony import */ var _untrusted_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(1012);





/** The action on GitHub's runner: `commands` writes to this process's stdout and to the files the runner named. */
function createGitHubRunner(commands, env) {
    const mask = (0,_mask_js__WEBPACK_IMPORTED_MODULE_3__/* .createMask */ .P)();
    const line = (text) => (0,_report_escape_js__WEBPACK_IMPORTED_MODULE_2__/* .logLine */ .BP)(text, mask.redact);
    return {
        onActions: true,
        info: (text) => commands.info(line(text)),
        warning: (message) => commands.warning((0,_report_escape_js__WEBPACK_IMPORTED_MODULE_2__/* .annotationText */ .xr)(message, mask.redact)),
        debug: (text) => commands.debug(line(text)),
        group: (title, body) => commands.group(line(title), body),
        untrusted: (lines) => {
            const safe = (0,_untrusted_js__WEBPACK_IMPORTED_MODULE_4__/* .untrustedLines */ .mU)(lines, mask.redact);
            if (safe.length === 0)
                return;
            // In one write, so that no command of ours can get between. The runner masks the token, hence a new one each time.
            const token = (0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.randomUUID)();
            commands.info([`::stop-commands::${token}`, ...safe, `::${token}::`].join('\n'));
        },
        annotate: ({ level, title, message, location }) => {
            commands[level]((0,_report_escape_js__WEBPACK_IMPORTED_MODULE_2__/* .annotationText */ .xr)(message, mask.redact), {
                title: line(title),
                ...positionProperties(location, mask.redact),
            });
        },
        mask: (value) => {
            for (const secret of mask.add(value))
                commands.setSecret(secret);
        },
        redact: mask.redact,
        saveState: (name, value) => commands.saveState(name, value),
        setOutput: (name, value) => commands.setOutput(name, mask.redact(value)),
        appendSummary: (markdown) => {
            // Written at once and not through the library's buffer: a cancelled step is killed at any moment.
            if (env.GITHUB_STEP_SUMMARY)
                (0,node_fs__WEBPACK_IMPORTED_MODULE_1__.appendFileSync)(env.GITHUB_STEP_SUMMARY, mask.redact(markdown));
        },
    };
}
/** The runner drops a column without a line, and a line without a file means nothing. */
function positionProperties(location, redact) {
    if (location?.file === undefined)
        return {};
    const { file, line, column } = location;
    return {
        file: redact(file),
        ...(line === undefined ? {} : { startLine: line }),
        ...(line === undefined || column === undefined ? {} : { startColumn: column }),
    };
}


/***/ })

};
