/** Each client knows its one endpoint: the commands' middleware would resolve it again for each request. */
exports.getEndpointPlugin = () => ({ applyToStack: () => {} });
