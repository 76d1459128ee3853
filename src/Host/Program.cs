using MoeActors.Host.Commands;

using var signals = new StopSignals();
int exitCode = await CommandLineProgram.RunAsync(args, Composition.Build(Console.Out, Console.Error), Console.Out, Console.Error, signals.Token);

// A command that a signal stopped in order says so by the signal's exit code, whatever it returned.
return exitCode is ExitCodes.Ok or ExitCodes.Interrupted && signals.ExitCode is { } stopped ? stopped : exitCode;
