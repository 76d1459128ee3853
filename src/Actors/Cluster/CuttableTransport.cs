using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using Akka.Remote.Transport;

using Google.Protobuf;

namespace MoeActors.Actors.Cluster;

/// <summary>
/// The TCP transport of the control plane, with a <see cref="ControlCut"/> in it: what is sent or comes while it is cut is gone. Used only where fault injection is enabled; addresses stay as they are,
/// so nodes with and without it understand each other.
/// </summary>
internal sealed class CuttableTransport : Transport
{
    private const string Inner = "Akka.Remote.Transport.DotNetty.TcpTransport, Akka.Remote";
    private readonly Transport inner;
    private readonly ControlCut cut;

    /// <summary>Akka calls it.</summary>
    public CuttableTransport(ActorSystem system, Config config)
    {
        (System, Config) = (system, config);
        inner = (Transport)Activator.CreateInstance(Type.GetType(Inner, throwOnError: true)!, system, config)!;
        cut = system.Settings.Setup.Get<ControlCutSetup>().Value.Cut;
    }

    public override string SchemeIdentifier
    {
        get => inner.SchemeIdentifier;
        protected set => throw new NotSupportedException();
    }

    public override long MaximumPayloadBytes
    {
        get => inner.MaximumPayloadBytes;
        protected set => throw new NotSupportedException();
    }

    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        (Address address, TaskCompletionSource<IAssociationEventListener> below) = await inner.Listen().ConfigureAwait(false);
        var above = new TaskCompletionSource<IAssociationEventListener>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = above.Task.ContinueWith(t => below.TrySetResult(new Incoming(t.Result, cut)), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        return (address, above);
    }

    public override bool IsResponsibleFor(Address remote) => inner.IsResponsibleFor(remote);

    public override async Task<AssociationHandle> Associate(Address remoteAddress) => cut.IsCut
        ? throw new IOException("the control plane of this node is cut (injected)")
        : new CuttableHandle(await inner.Associate(remoteAddress).ConfigureAwait(false), cut);

    public override Task<bool> Shutdown() => inner.Shutdown();

    public override Task<bool> ManagementCommand(object message) => inner.ManagementCommand(message);

    /// <summary>Connections that others make are cut like those made here.</summary>
    private sealed class Incoming(IAssociationEventListener above, ControlCut cut) : IAssociationEventListener
    {
        public void Notify(IAssociationEvent ev) => above.Notify(ev is InboundAssociation made ? new InboundAssociation(new CuttableHandle(made.Association, cut)) : ev);
    }

    private sealed class CuttableHandle : AssociationHandle
    {
        private readonly AssociationHandle inner;
        private readonly ControlCut cut;

        public CuttableHandle(AssociationHandle inner, ControlCut cut)
            : base(inner.LocalAddress, inner.RemoteAddress)
        {
            (this.inner, this.cut) = (inner, cut);
            _ = ReadHandlerSource.Task.ContinueWith(
                t => inner.ReadHandlerSource.TrySetResult(new Payloads(t.Result, cut)), CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        public override bool Write(ByteString payload) => cut.IsCut || inner.Write(payload);

#pragma warning disable CS0618, CS0672 // The method without a reason is the one that Akka has handles override.
        public override void Disassociate() => inner.Disassociate();
#pragma warning restore CS0618, CS0672
    }

    private sealed class Payloads(IHandleEventListener above, ControlCut cut) : IHandleEventListener
    {
        public void Notify(IHandleEvent ev)
        {
            if (ev is not InboundPayload || !cut.IsCut)
            {
                above.Notify(ev);
            }
        }
    }
}
