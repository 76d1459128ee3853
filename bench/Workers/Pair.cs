using MoeActors.Actors.Exchange;
using MoeActors.Actors.Exchange.Wires;
using static TorchSharp.torch;

namespace MoeActors.Bench.Workers;

/// <summary>
/// One of two processes joined by the product's data plane. Ranks 0 and 1 and their expert shards live one at each node; everything told to this node lands
/// in one mailbox, barriers apart. They find each other through a folder.
/// </summary>
internal sealed class Pair : IDisposable
{
    private const int SignalLayer = 7; // a shard that does not exist: barrier frames go there
    private readonly SocketExchange exchange;
    private readonly int node;
    private readonly Mailbox signals = new();
    private long barriers;

    private Pair(SocketExchange exchange, int node) => (this.exchange, this.node) = (exchange, node);

    public Mailbox Mailbox { get; } = new();

    public static async Task<Pair> JoinAsync(int node, string listen, string folder)
    {
        var exchange = DataPlane.Open(new ExchangeOptions { Listen = listen, Folder = folder, Secret = "bench" });
        string own = Path.Combine(folder, $"address{node}"), other = Path.Combine(folder, $"address{1 - node}");
        File.WriteAllText(own + ".new", exchange.LocalAddress);
        File.Move(own + ".new", own);
        using (var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5)))
        {
            while (!File.Exists(other))
            {
                await timer.WaitForNextTickAsync();
            }
        }

        string[] addresses = new string[2];
        (addresses[node], addresses[1 - node]) = (exchange.LocalAddress, File.ReadAllText(other));
        var nodeOf = new Dictionary<uint, int>();
        for (int n = 0; n < 2; n++)
        {
            nodeOf[Rank(n).Packed] = nodeOf[Shard(n).Packed] = nodeOf[Signal(n).Packed] = n;
        }

        exchange.BeginEpoch(new ExchangeTable(1, 1, node, [new(0, addresses[0], "bench-0"), new(1, addresses[1], "bench-1")], nodeOf));
        var pair = new Pair(exchange, node);
        exchange.Register(Rank(node), pair.Mailbox);
        exchange.Register(Shard(node), pair.Mailbox);
        exchange.Register(Signal(node), pair.signals);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await exchange.ConnectAsync(patience.Token);
        return pair;
    }

    public static Endpoint Rank(int rank) => new(EndpointKind.Rank, 0, rank);

    public static Endpoint Shard(int rank) => new(EndpointKind.ExpertShard, 0, rank);

    private static Endpoint Signal(int rank) => new(EndpointKind.ExpertShard, SignalLayer, rank);

    public void Send(in FrameHeader header, int[] meta, Tensor? rows)
    {
        FrameHeader full = header;
        (full.Run, full.Epoch) = (1, 1);
        exchange.Send(in full, meta, rows);
    }

    /// <summary>Returns when the other process has come here too.</summary>
    public void Barrier()
    {
        Send(new FrameHeader { Purpose = Purpose.WeightPiece, Step = ++barriers, Source = Signal(node).Packed, Destination = Signal(1 - node).Packed }, [], null);
        long other = signals.Next().Header.Step;
        if (other != barriers)
        {
            throw new InvalidOperationException($"barrier {barriers} here, {other} there");
        }
    }

    public void Dispose() => exchange.Dispose();
}
