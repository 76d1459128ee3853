using MoeActors.Actors.Exchange;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>What a node asks another for when an epoch begins.</summary>
internal enum FetchKind
{
    /// <summary>Master, m, v and step counts of a unit that it computes with from now on.</summary>
    Unit,

    /// <summary>The same for the copy of a unit.</summary>
    Copy,

    /// <summary>A unit's range of the weights that several nodes compute with.</summary>
    Weights,
}

/// <summary>One thing asked for, until all of it is here.</summary>
internal sealed class StateFetch(int unit, FetchKind kind, int node)
{
    private int left = -1;

    public int Unit => unit;

    public FetchKind Kind => kind;

    /// <summary>Index of the node that has it.</summary>
    public int Node => node;

    /// <summary>Whether the first piece is here: the question has arrived.</summary>
    public bool IsAnswered => left >= 0;

    /// <summary>Counts a piece; true when it was the last.</summary>
    public bool Count(int pieces)
    {
        left = left < 0 ? pieces : left;
        return --left == 0;
    }
}

/// <summary>How state travels: in pieces that neither fill a connection's window nor hold the compute thread up.</summary>
internal static class StatePieces
{
    /// <summary>Slot number of a range of the weights; 0 to 2 are master, m and v.</summary>
    public const int Weights = 3;

    /// <summary>Elements of one piece.</summary>
    public const long Elements = 4 << 20;

    /// <summary>Pieces of a slot of <paramref name="count"/> elements; an empty one has a piece that says so.</summary>
    public static int Of(long count) => (int)Math.Max(1, (count + Elements - 1) / Elements);

    /// <summary>Sends all pieces of a slot, straight from its memory, which must not change before the step is decided.</summary>
    public static void Send(IExchange exchange, Func<int, int, FrameHeader> frameOf, Tensor slot, int[] steps)
    {
        long count = slot.numel();
        int pieces = Of(count);
        for (int i = 0; i < pieces; i++)
        {
            long size = Math.Min(Elements, count - (i * Elements));
            using Tensor? range = size > 0 ? slot.narrow(0, i * Elements, size) : null;
            exchange.Send(frameOf(i, pieces), i == 0 ? steps : [], range?.view(1, size));
        }
    }

    /// <summary>Puts a piece into its place; false when it does not fit there (the wire is not trusted).</summary>
    public static bool Put(Tensor slot, int piece, Tensor? content)
    {
        long begin = piece * Elements, size = content?.numel() ?? 0;
        if (piece < 0 || begin + size > slot.numel() || (content is not null && content.dtype != slot.dtype))
        {
            return false;
        }

        if (content is not null)
        {
            using Tensor target = slot.narrow(0, begin, size);
            using Tensor flat = content.view(size);
            target.copy_(flat);
        }

        return true;
    }
}
