namespace MoeActors.Host.Diagnostics;

/// <summary>One line of a node's log.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Level">"debug", "info", "warning" or "error".</param>
/// <param name="Node">Name of the node.</param>
/// <param name="Run">Id of the run; empty before one is joined.</param>
/// <param name="Epoch">Epoch as the node knew it.</param>
/// <param name="Step">Step in progress.</param>
/// <param name="Source">Actor or class that logged.</param>
/// <param name="Message">What it said, the cause of an error included.</param>
public sealed record NodeLogLine(DateTimeOffset Time, string Level, string Node, string Run, long Epoch, long Step, string Source, string Message);
