using MoeActors.Compute.Routing;

namespace MoeActors.Actors.Training;

/// <summary>Packs a chunk's expert segments into a frame's meta words and reads them back (untrusted: checked against the rows).</summary>
internal static class Segments
{
    public static int[] Pack(IReadOnlyList<ExpertSegment> segments)
    {
        int[] words = new int[segments.Count * 2];
        for (int i = 0; i < segments.Count; i++)
        {
            words[2 * i] = segments[i].Expert;
            words[(2 * i) + 1] = segments[i].Rows;
        }

        return words;
    }

    public static ExpertSegment[] Unpack(int[] words, int rows)
    {
        var segments = new ExpertSegment[words.Length / 2];
        long total = 0;
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i] = new ExpertSegment(words[2 * i], words[(2 * i) + 1]);
            total += segments[i].Rows;
        }

        return total == rows ? segments : throw new InvalidOperationException($"ST-2: a chunk of {rows} rows names segments of {total}");
    }
}
