using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;
using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>Exchanges of one process, connected with each other; node n plays rank n, its tickets land in Mailboxes[n].</summary>
internal sealed class ExchangeMesh : IDisposable
{
    public const ulong Run = 0x1122334455667788;
    private readonly string folder = Directory.CreateTempSubdirectory("moe-x-").FullName;

    public ExchangeMesh(int nodes, string listen = "unix", Func<int, ExchangeOptions, ExchangeOptions>? configure = null, ILinkFaults? faults = null)
    {
        for (int n = 0; n < nodes; n++)
        {
            ExchangeOptions options = new() { Listen = listen, Folder = folder, Secret = "shared", HandshakeTimeout = TimeSpan.FromSeconds(3) };
            Exchanges.Add(DataPlane.Open(configure?.Invoke(n, options) ?? options, faults));
            Mailboxes.Add(new MailboxRef());
            Exchanges[n].Register(Rank(n), Mailboxes[n]);
        }
    }

    public List<SocketExchange> Exchanges { get; } = [];

    public List<MailboxRef> Mailboxes { get; } = [];

    public string Folder => folder;

    public static Endpoint Rank(int rank) => new(EndpointKind.Rank, 0, rank);

    public static FrameHeader Header(int from, int to, int chunk = 0, int epoch = 1, ulong run = Run) => new()
    {
        Run = run,
        Epoch = epoch,
        Step = 3,
        Purpose = Purpose.Dispatch,
        Source = Rank(from).Packed,
        Destination = Rank(to).Packed,
        Micro = 4,
        Layer = 5,
        Chunk = chunk,
        ChunkCount = 7,
    };

    public static async Task<ExchangeMesh> ConnectedAsync(
        int nodes, string listen = "unix", Func<int, ExchangeOptions, ExchangeOptions>? configure = null, ILinkFaults? faults = null)
    {
        ExchangeMesh cluster = new(nodes, listen, configure, faults);
        cluster.BeginEpoch(1);
        await cluster.ConnectAsync();
        return cluster;
    }

    public ExchangeTable Table(int self, int epoch, ulong run = Run, params PeerAddress[] more)
    {
        List<PeerAddress> peers = [.. Exchanges.Select((x, n) => new PeerAddress(n, x.LocalAddress, $"node-{n}")), .. more];
        return new ExchangeTable(run, epoch, self, peers, Enumerable.Range(0, peers.Count).ToDictionary(n => Rank(n).Packed, n => n));
    }

    public void BeginEpoch(int epoch, params PeerAddress[] more)
    {
        for (int n = 0; n < Exchanges.Count; n++)
        {
            Exchanges[n].BeginEpoch(Table(n, epoch, Run, more));
        }
    }

    public Task ConnectAsync() => Task.WhenAll(Exchanges.Select(x => x.ConnectAsync(TestContext.Current.CancellationToken))).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public void Send(int from, int to, Tensor? payload, int chunk = 0, int epoch = 1, params int[] meta) =>
        Exchanges[from].Send(Header(from, to, chunk, epoch), meta, payload);

    /// <summary>Waits until the condition holds; false only after a time that a failure alone uses up.</summary>
    public static bool Eventually(Func<bool> holds) => SpinWait.SpinUntil(holds, TimeSpan.FromSeconds(20));

    /// <summary>Live tensors, those aside that earlier assertions left to the finalizer.</summary>
    public static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    public void Dispose()
    {
        Exchanges.ForEach(x => x.Dispose());
        Directory.Delete(folder, recursive: true);
    }
}
