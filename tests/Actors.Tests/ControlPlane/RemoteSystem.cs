using System.Collections.Concurrent;
using System.Net;

using Akka.Actor;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Node;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.ControlPlane;

/// <summary>Actor systems of the product's own configuration, without a cluster, each with an actor that keeps what reaches it.</summary>
internal sealed class RemoteSystem : IAsyncDisposable
{
    private readonly ControlCredentials credentials;

    public RemoteSystem(string secret = Secret, ControlFaults? faults = null, ControlTls? tls = null)
    {
        credentials = ControlCredentials.Of(tls, secret);
        System = ControlSystem.Create(AkkaSettings.Client("127.0.0.1"), credentials, faults);
        Keeper = System.ActorOf(Props.Create(() => new KeeperActor(Received)), "keeper");
        Address = ((ExtendedActorSystem)System).Provider.DefaultAddress;
    }

    public const string Secret = "a secret that both know";

    public ActorSystem System { get; }

    public IActorRef Keeper { get; }

    public Address Address { get; }

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Address.Port!.Value);

    public BlockingCollection<object> Received { get; } = [];

    /// <summary>The other system's actor.</summary>
    public ActorSelection KeeperOf(RemoteSystem other) => System.ActorSelection(new RootActorPath(other.Address) / "user" / "keeper");

    /// <summary>Sends until it arrives: while an address is gated, messages to it are lost.</summary>
    public async Task ReachAsync(RemoteSystem other, CancellationToken cancel)
    {
        while (true)
        {
            KeeperOf(other).Tell(new StopRun("hello"), Keeper);
            if (await Task.Run(() => other.Received.TryTake(out _, 200), cancel))
            {
                return;
            }

            cancel.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        credentials.Dispose();
        Received.Dispose();
    }

    private sealed class KeeperActor : ReceiveActor
    {
        public KeeperActor(BlockingCollection<object> received) => ReceiveAny(received.Add);
    }
}
