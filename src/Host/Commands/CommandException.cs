namespace MoeActors.Host.Commands;

/// <summary>A command that cannot go on; the message is ready for the user and the exit code says which kind of failure it is.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
