using System.Diagnostics;

using Akka.Actor;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>
/// Talks to a cluster's coordinator through any node's gateway; when that node goes, through another. No member of the cluster itself.
/// </summary>
internal sealed class ClusterClient : IAsyncDisposable
{
    private readonly ControlCredentials credentials;
    private readonly ActorSystem system;
    private readonly IActorRef self;
    private readonly string secret;
    private readonly Func<IReadOnlyList<string>> addresses;
    private IActorRef? door;

    /// <summary>Creates a client; <paramref name="addresses"/> names the nodes to try.</summary>
    public ClusterClient(ClusterSettings cluster, string secret, Func<IReadOnlyList<string>> addresses)
    {
        credentials = ControlCredentials.Of(cluster.Tls.ForControl, secret);
        system = ControlSystem.Create(AkkaSettings.Client(cluster.IsLocal ? "127.0.0.1" : cluster.Host), credentials);
        self = system.ActorOf(Props.Empty);
        (this.secret, this.addresses) = (secret, addresses);
    }

    /// <summary>A client of the cluster that a command names.</summary>
    public static ClusterClient Of(ClusterPlace place)
    {
        Func<IReadOnlyList<string>> addresses = place.Address is { } address ? () => [address.ToString()] : () => ClusterAddresses.Read(place.RunDirectory!);

        // A copied folder holds the addresses of another run's cluster: they count only while somebody trains this one.
        if (place.Address is null && (addresses().Count == 0 || !RunFolderLock.IsHeld(place.RunDirectory!, RunFolderLock.SupervisorName)))
        {
            throw new CommandException(ExitCodes.Cluster, $"{place.RunDirectory}: no cluster of a `moe train` runs there");
        }

        return new ClusterClient(place.Settings.Runtime.Cluster, place.Settings.Runtime.Cluster.ProvenSecret(), addresses);
    }

    /// <summary>Asks the coordinator; throws <see cref="RefusedException"/> when no node answers in time.</summary>
    public async Task<T> AskAsync<T>(IControlMessage question, TimeSpan patience, CancellationToken cancel)
    {
        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                door ??= await ClusterAuthentication.AuthenticateAsync(system, credentials, addresses(), secret, joins: false, TimeSpan.Zero, cancel);
                return await door.Ask<T>(question, TimeSpan.FromSeconds(3), cancel);
            }
            catch (Exception e) when (e is AskTimeoutException or RefusedException)
            {
                // Behind this door nobody answers: the next try knocks anew, wherever nodes are by then.
                door = null;
                if (e is RefusedException { Unreachable: false } || (e is RefusedException && Stopwatch.GetElapsedTime(since) >= patience))
                {
                    throw;
                }

                if (Stopwatch.GetElapsedTime(since) >= patience)
                {
                    throw new CommandException(ExitCodes.Cluster, $"no coordinator answers: {string.Join(", ", addresses())}");
                }

                await Task.Delay(100, cancel);
            }
        }
    }

    /// <summary>Sends without waiting for an answer. The gateway takes nothing that names no sender.</summary>
    public void Tell(IControlMessage message) => door?.Tell(message, self);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await system.Terminate();
        credentials.Dispose();
    }
}
