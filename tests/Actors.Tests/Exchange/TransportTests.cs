using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>What every transport keeps, whatever carries its bytes.</summary>
[Collection(ExchangeCollection.Name)]
public sealed class TransportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-t-").FullName;

    public static TheoryData<string> Transports() => ["unix", "tcp", "tls"];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Bytes_come_whole_and_in_order_both_ways_whatever_their_number(string name)
    {
        using Ends ends = await ConnectedAsync(name);
        foreach (int bytes in (int[])[1, 119, 4096, 3_000_000])
        {
            byte[] head = Random.Shared.GetItems<byte>([.. Enumerable.Range(0, 256).Select(i => (byte)i)], 7), body = new byte[bytes];
            Random.Shared.NextBytes(body);
            foreach ((Wire from, Wire to) in ((Wire, Wire)[])[(ends.Dialler, ends.Listener), (ends.Listener, ends.Dialler)])
            {
                Task sending = Task.Run(() => from.Send(head, body), TestContext.Current.CancellationToken);
                Assert.Equal([.. head, .. body], Read(to, head.Length + bytes));
                await sending;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task The_end_of_one_side_is_seen_by_the_other_after_what_was_sent(string name)
    {
        using Ends ends = await ConnectedAsync(name);
        ends.Dialler.Send([1, 2, 3], default);
        ends.Dialler.Shutdown();
        Assert.Equal([1, 2, 3], Read(ends.Listener, 3));
        Assert.True(Ended(ends.Listener));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_wait_for_bytes_ends_when_its_own_side_shuts_down(string name)
    {
        using Ends ends = await ConnectedAsync(name);
        Task<bool> waiting = Task.Run(() => Ended(ends.Listener), TestContext.Current.CancellationToken);
        ends.Listener.Shutdown();
        Assert.True(await waiting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task An_accepted_connection_that_is_aborted_ends_for_both_and_a_disposed_listener_accepts_none(string name)
    {
        using TransportSet set = Set(name);
        using IWireListener listener = set.Own.Listen();
        using IConnection dialled = set.For(listener.Address).Dial(listener.Address);
        Task<IConnection?> accepting = Task.Run(listener.Accept, TestContext.Current.CancellationToken);
        dialled.Connect();
        IConnection accepted = (await accepting)!;
        Assert.NotEqual("gone", accepted.From);
        accepted.Abort();
        bool? ended = null;
        try
        {
            using Wire wire = dialled.Open();
            ended = Ended(wire);
        }
        catch (IOException)
        {
            // Before bytes flow, where the transport has a handshake of its own.
            ended = true;
        }

        Assert.True(ended);
        accepted.Dispose();
        Task<IConnection?> last = Task.Run(listener.Accept, TestContext.Current.CancellationToken);
        listener.Dispose();
        Assert.Null(await last.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("unix:/run/a.sock", "unix")]
    [InlineData("tcp:10.0.0.1:7101", "tcp")]
    [InlineData("tcp:[::1]:7101", "tcp")]
    [InlineData("tcp:a.host:7101", "tcp")]
    [InlineData("tcp:10.0.0.1", null)]
    [InlineData("tcp::7101", null)]
    [InlineData("tcp:10.0.0.1:70000", null)]
    [InlineData("unix:relative", null)]
    [InlineData("shm:/x", null)]
    [InlineData("", null)]
    public void One_transport_at_most_reaches_an_address_and_a_malformed_one_is_named(string address, string? scheme)
    {
        using TransportSet set = Set("tcp");
        Assert.Equal(scheme is null ? [] : [scheme], set.All.Where(t => t.MayReach(address)).Select(t => t.Scheme));
        if (scheme is null)
        {
            Assert.Contains($"\"{address}\": expected unix:/path", Assert.Throws<ExchangeException>(() => set.For(address)).Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Read(Wire wire, int bytes)
    {
        byte[] got = new byte[bytes];
        for (int done = 0; done < bytes;)
        {
            int n = wire.Receive(got.AsSpan(done), all: false);
            Assert.True(n > 0, $"{n} after {done} of {bytes} bytes");
            done += n;
        }

        return got;
    }

    // An end, or an error: both tell the reader that nothing more comes.
    private static bool Ended(Wire wire)
    {
        try
        {
            return wire.Receive(new byte[1], all: false) == 0;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return true;
        }
    }

    private TransportSet Set(string name) => DataPlane.TransportsOf(new ExchangeOptions
    {
        Listen = name == "unix" ? "unix" : "tcp:127.0.0.1:0",
        Folder = folder,
        Secret = "shared",
        Tls = name == "tls" ? TlsTests.NewCertificate(folder, "shared") : null,
        HandshakeTimeout = TimeSpan.FromSeconds(20),
    });

    private async Task<Ends> ConnectedAsync(string name)
    {
        TransportSet set = Set(name);
        using IWireListener listener = set.Own.Listen();
        IConnection dialled = set.For(listener.Address).Dial(listener.Address);
        Task<Wire> accepting = Task.Run(() => listener.Accept()!.Open(), TestContext.Current.CancellationToken);
        dialled.Connect();
        Wire wire = await Task.Run(dialled.Open, TestContext.Current.CancellationToken);
        return new Ends(set, wire, await accepting);
    }

    private sealed record Ends(TransportSet Set, Wire Dialler, Wire Listener) : IDisposable
    {
        public void Dispose()
        {
            Dialler.Dispose();
            Listener.Dispose();
            Set.Dispose();
        }
    }
}
