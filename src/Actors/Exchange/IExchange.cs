using Akka.Actor;
using static TorchSharp.torch;

namespace MoeActors.Actors.Exchange;

/// <summary>The data plane of one node: tensors go from actor to actor, by hand-over inside the process, over own sockets between processes. Thread-safe.</summary>
/// <remarks>
/// Dispose does not wait for what was sent: queued frames are dropped and a frame half-written is cut off, which its receiver sees as a lost peer.
/// A node that leaves in order first makes sure, by the step's protocol, that its last frames were received.
/// </remarks>
internal interface IExchange : IDisposable
{
    /// <summary>A connection ended that the present table wants, or could not be made. Raised at once from an IO thread; a suspicion, no proof of death.</summary>
    event Action<PeerLost>? PeerFailed;

    /// <summary>Where peers connect.</summary>
    string LocalAddress { get; }

    /// <summary>Counters since the exchange was made.</summary>
    ExchangeStatistics Statistics { get; }

    /// <summary>
    /// Begins an epoch (EP-1): queued sends of other epochs are dropped and their tensors freed, from now on frames of any other epoch are received into scratch
    /// memory, dropped and counted. Connections to peers whose incarnation is unchanged are kept, those to peers no longer listed are closed.
    /// Tickets already in mailboxes stay valid: their actors discard them by the header's epoch.
    /// </summary>
    /// <exception cref="ArgumentException">The table contradicts itself.</exception>
    /// <exception cref="ExchangeException">A peer's address is none that a transport reaches.</exception>
    /// <exception cref="InvalidOperationException">A newer epoch of the same run has begun.</exception>
    void BeginEpoch(ExchangeTable table);

    /// <summary>
    /// Completes when all peers of the present table are connected. Of each pair the one with the smaller incarnation (ordinal) dials, so both ends have to call this.
    /// A lost connection is not dialled again before the next call.
    /// </summary>
    /// <exception cref="ExchangeRefusedException">A peer that this node dialled refused, or was refused, for good: other version, other run, wrong secret, other incarnation. (A dialling peer that this node refuses goes on missing here; the reason is in the log of both.)</exception>
    /// <exception cref="OperationCanceledException">Cancelled; names the peers that were missing.</exception>
    Task ConnectAsync(CancellationToken ct);

    /// <summary>
    /// From now on <paramref name="actor"/> is told the tickets for <paramref name="endpoint"/>; replaces another actor there. Register before <see cref="BeginEpoch"/>:
    /// from then on peers may connect and send, and a frame for an endpoint nobody is registered at is dropped and counted, not kept.
    /// </summary>
    void Register(Endpoint endpoint, IActorRef actor);

    /// <summary>Nobody is at <paramref name="endpoint"/> any more: later frames are dropped, tickets told but not yet taken are discarded.</summary>
    void Unregister(Endpoint endpoint);

    /// <summary>
    /// Sends a tensor and integers to the header's destination. Never blocks. Takes ownership of the tensor's handle, also when it throws, and of
    /// <paramref name="meta"/>: the caller changes neither any more. A contiguous view is fine; its memory must not be written until the step's protocol says that it was received.
    /// A local destination gets the handle itself; for a remote one the memory goes straight into the socket and the handle is disposed after the last byte.
    /// A frame of another run or epoch than the present one, or without a known destination, is dropped and counted.
    /// </summary>
    /// <param name="header">Run, epoch, step, purpose, source, destination, micro, layer, chunk, chunk count; the rest is filled in.</param>
    /// <param name="meta">Integers, may be empty.</param>
    /// <param name="payload">[rows, columns], contiguous; [n] counts as [1, n]; null or without elements when there is nothing to carry.</param>
    /// <exception cref="ArgumentException">The tensor has another shape, is not contiguous or of a type that does not travel; or there is too much meta.</exception>
    void Send(in FrameHeader header, int[] meta, Tensor? payload);
}
