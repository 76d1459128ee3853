using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

using Akka.Actor;

using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.ControlPlane;

namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>Strangers who have no proof and send what they like: mutated frames of every protocol a node speaks, and now and then a whole TLS handshake with a certificate of their own.</summary>
internal static class FrameAttack
{
    private const int Attackers = 4, HandshakeEvery = 100, MostMebibytes = 64;

    /// <summary>Sends <paramref name="frames"/> frames to each of <paramref name="ports"/>, each on a connection of its own, and asserts that nobody was let in and that no process has grown by much (SE-1).</summary>
    /// <param name="host">Where they are.</param>
    /// <param name="ports">Everything that listens there.</param>
    /// <param name="pids">The processes attacked.</param>
    /// <param name="frames">Frames for each port.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task OnAsync(IPAddress host, IReadOnlyList<int> ports, IReadOnlyList<int> pids, int frames, CancellationToken cancel)
    {
        int[] before = [.. pids.Select(ListeningPorts.MebibytesOf)];
        IPEndPoint[] to = [.. ports.Select(p => new IPEndPoint(host, p))];
        await Task.WhenAll(Enumerable.Range(0, Attackers).Select(a => AttackAsync(to, frames / Attackers, new Random(a), cancel)));
        int[] after = [.. pids.Select(ListeningPorts.MebibytesOf)];
        Assert.All(before.Zip(after, (first, second) => (First: first, Second: second)), p => Assert.True(p.Second - p.First <= MostMebibytes, $"{p.First} MiB became {p.Second}"));
    }

    private static async Task AttackAsync(IPEndPoint[] to, int frames, Random random, CancellationToken cancel)
    {
        byte[][] seeds =
        [
            HostileClient.Associate(new Address("akka.tls", "moe", "127.0.0.1", 1)),
            HostileClient.Envelope("akka.tls://moe@127.0.0.1:1/user/gateway", ControlSerializer.Write(new StopRun("ATTACKER")), 7301, "stop", null),
            Convert.FromHexString("160301008a010000860303"),
            [.. "MOEX"u8, 3, 0, 1, 0, 40, 0, 0, 0, .. new byte[40]],
            Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            Encoding.ASCII.GetBytes("POST /faults HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"),
        ];
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 own = new CertificateRequest("CN=moe", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        for (int n = 0; n < frames; n++)
        {
            foreach (IPEndPoint end in to)
            {
                if (n % HandshakeEvery == 0)
                {
                    await AuthenticateAsync(end, own, cancel);
                }

                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
                try
                {
                    await socket.ConnectAsync(end, cancel);
                    await socket.SendAsync(Mutations.Of(seeds[random.Next(seeds.Length)], random), SocketFlags.None, cancel);
                }
                catch (SocketException)
                {
                    // Refused already.
                }
            }
        }
    }

    private static async Task AuthenticateAsync(IPEndPoint end, X509Certificate2 own, CancellationToken cancel)
    {
        try
        {
            using HostileClient client = await HostileClient.TlsAsync(end, own, cancel);
            Assert.False(await client.IsGreetedAsync(cancel), $"{end} greets a stranger");
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            // No TLS there, or not with this certificate.
        }
    }
}
