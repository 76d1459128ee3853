using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>Talks to a cluster's admin about faults.</summary>
internal sealed class FaultClient(ClusterClient client) : IAsyncDisposable
{
    /// <summary>Patience with an answer: the admin may be moving to another node because of the very fault asked about.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>A client of the cluster that a command names.</summary>
    public static FaultClient Of(ClusterPlace place) => new(ClusterClient.Of(place));

    /// <summary>Asks for a fault; the answer says whether it was accepted.</summary>
    public Task<FaultAnswer> InjectAsync(InjectFault fault, CancellationToken cancel) => client.AskAsync<FaultAnswer>(fault, Patience, cancel);

    /// <summary>Takes one back.</summary>
    public Task<FaultAnswer> CancelAsync(CancelFault cancelled, CancellationToken cancel) => client.AskAsync<FaultAnswer>(cancelled, Patience, cancel);

    /// <summary>The faults, or the one of <paramref name="id"/>.</summary>
    public Task<FaultsAnswer> StatusAsync(string id, CancellationToken cancel) => client.AskAsync<FaultsAnswer>(new FaultsQuery(id), Patience, cancel);

    /// <summary>Waits until it is known whether the fault took.</summary>
    public async Task<FaultLine> OutcomeAsync(string id, CancellationToken cancel)
    {
        while (true)
        {
            FaultsAnswer answer = await StatusAsync(id, cancel);
            if (answer.Faults is [{ State: not ("scheduled" or "arming" or "begun") } fault])
            {
                return fault;
            }

            await Task.Delay(Look, cancel);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => client.DisposeAsync();
}
