namespace MoeActors.Host.Commands;

/// <summary>Stands for a command whose handler is not part of this build.</summary>
internal sealed class Absent<TRequest>(string command) : IHandler<TRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(TRequest request, CancellationToken cancel) =>
        throw new CommandException(ExitCodes.Unexpected, $"moe {command} is not part of this build");
}
