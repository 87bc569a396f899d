package archive

// LineOf is what an object keeps of a message.
var LineOf = lineOf
