using Akka.Actor;

using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults.Agent;

/// <summary>Dials the node's control port as any node does: no handshake comes to its end.</summary>
internal sealed class DialWatcher(NodeIdentity node, AgentServices services) : FaultWatcher
{
    private static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource done = new();
    private Task<string?>? dial;

    public override (bool, string) Look()
    {
        if (dial is { IsCompletedSuccessfully: true, Result: { } broken })
        {
            return (true, broken);
        }

        if (dial is null or { IsCompleted: true })
        {
            dial = DialAsync();
        }

        return (false, $"{node.Name} can be dialled");
    }

    public override void Dispose()
    {
        done.Cancel();
        done.Dispose();
        base.Dispose();
    }

    /// <summary>How the handshake broke, or null.</summary>
    private async Task<string?> DialAsync()
    {
        Address address = Address.Parse(node.Address);
        try
        {
            using ControlWire wire = await ControlDial.ConnectAsync(address.Host, address.Port!.Value, services.Credentials, ConnectTime, done.Token).ConfigureAwait(false);
            return null;
        }
        catch (DialException e)
        {
            return e.Failure == DialFailure.Broken ? $"the handshake with {node.Name} breaks: {e.Message}" : null;
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }
}
