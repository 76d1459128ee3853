using System.Security.Cryptography;

namespace MoeActors.Actors.ControlPlane;

/// <summary>What a listener whose TLS is broken on purpose does with a connection, instead of a handshake.</summary>
internal static class BrokenHandshake
{
    private static readonly TimeSpan Standstill = TimeSpan.FromMilliseconds(500);

    /// <summary>Plays one of the ways; the caller closes the connection afterwards.</summary>
    internal static async Task PlayAsync(BreakKind kind, Stream stream, CancellationToken cancellation)
    {
        switch (kind)
        {
            case BreakKind.Garbage:
                await stream.WriteAsync(RandomNumberGenerator.GetBytes(200), cancellation).ConfigureAwait(false);
                break;
            case BreakKind.Half:
                // The header of a handshake record, and the first byte of a ServerHello that never comes.
                await stream.WriteAsync(new byte[] { 22, 3, 3, 0, 122, 2 }, cancellation).ConfigureAwait(false);
                await Task.Delay(Standstill, cancellation).ConfigureAwait(false);
                break;
            default:
                break;
        }
    }
}
