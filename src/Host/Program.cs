using MoeActors.Compute.Files;
using MoeActors.Host;
using MoeActors.Host.Commands;

// Text, weights, secrets and logs are their owner's; so is what a library creates (the journal's database), and what the processes started here do.
PrivateFiles.OwnerOnly();
using var signals = new StopSignals();
using var output = new PlainWriter(Console.Out);
using var error = new PlainWriter(Console.Error);
int exitCode = await CommandLineProgram.RunAsync(args, Composition.Build(output, error), output, error, signals.Token);

// A command that a signal stopped in order says so by the signal's exit code, whatever it returned.
return exitCode is ExitCodes.Ok or ExitCodes.Interrupted && signals.ExitCode is { } stopped ? stopped : exitCode;
