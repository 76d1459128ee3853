namespace MoeActors.Compute.Routing.Gates;

/// <summary>PURE: of experts cut into groups, a token may choose among those of its best groups.</summary>
internal static class GroupLimits
{
    /// <summary>Sets the scores of experts outside the <paramref name="kept"/> best groups of each row to -∞.</summary>
    /// <param name="scores">t·N; changed in place.</param>
    /// <param name="experts">Experts N.</param>
    /// <param name="groups">Groups of N/groups experts each.</param>
    /// <param name="kept">Groups kept.</param>
    /// <param name="best">Of how many of its best experts a group's score is the sum: 1 = the best one's.</param>
    public static void Apply(float[] scores, int experts, int groups, int kept, int best)
    {
        if (kept >= groups)
        {
            return;
        }

        int size = experts / groups;
        float[] score = new float[groups];
        for (int row = 0; row < scores.Length; row += experts)
        {
            for (int g = 0; g < groups; g++)
            {
                Span<float> own = scores.AsSpan(row + (g * size), size);
                score[g] = 0;
                foreach (int e in Selection.Best(own, best))
                {
                    score[g] += own[e];
                }
            }

            int[] chosen = Selection.Best(score, kept);
            for (int g = 0; g < groups; g++)
            {
                if (!chosen.Contains(g))
                {
                    scores.AsSpan(row + (g * size), size).Fill(float.NegativeInfinity);
                }
            }
        }
    }
}
