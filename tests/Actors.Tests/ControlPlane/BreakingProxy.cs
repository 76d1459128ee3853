using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MoeActors.Actors.Tests.ControlPlane;

/// <summary>Stands between a dialler and a node, hands on a number of bytes and then breaks: it closes, resets, answers garbage, or stands still until it is disposed.</summary>
internal sealed class BreakingProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource done = new();
    private readonly TaskCompletionSource broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IPEndPoint node;
    private readonly int after, way;

    /// <param name="node">The node behind it.</param>
    /// <param name="after">Bytes of the node's that still pass.</param>
    /// <param name="way">0 close, 1 reset, 2 garbage, 3 standstill.</param>
    public BreakingProxy(IPEndPoint node, int after, int way)
    {
        (this.node, this.after, this.way) = (node, after, way);
        listener.Start();
        _ = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)listener.LocalEndpoint;

    /// <summary>A connection has been broken.</summary>
    public Task Broken => broken.Task;

    public void Dispose()
    {
        done.Cancel();
        listener.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using Socket dialler = await listener.AcceptSocketAsync(done.Token);
                using var behind = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await behind.ConnectAsync(node, done.Token);
                _ = CopyAsync(dialler, behind);
                byte[] buffer = new byte[256];
                for (int left = after; left > 0;)
                {
                    int got = await behind.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, left)), done.Token);
                    if (got == 0)
                    {
                        break;
                    }

                    await dialler.SendAsync(buffer.AsMemory(0, got), done.Token);
                    left -= got;
                }

                await BreakAsync(dialler);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Over, or the dialler was faster.
            broken.TrySetResult();
        }
    }

    private async Task BreakAsync(Socket dialler)
    {
        broken.TrySetResult();
        switch (way)
        {
            case 1:
                dialler.LingerState = new LingerOption(true, 0);
                break;
            case 2:
                await dialler.SendAsync(RandomNumberGenerator.GetBytes(300), done.Token);
                break;
            case 3:
                // Silence, until the dialler has had enough of it.
                while (await dialler.ReceiveAsync(new byte[4096], done.Token) > 0)
                {
                }

                break;
            default:
                break;
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await from.ReceiveAsync(buffer, done.Token) is > 0 and var got)
            {
                await to.SendAsync(buffer.AsMemory(0, got), done.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Broken.
        }
    }
}
