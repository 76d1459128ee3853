using System.Security.Cryptography;

namespace MoeActors.Host.Configuration;

/// <summary>Ids of runs.</summary>
internal static class RunIds
{
    /// <summary>A new id: 64 random bits in hexadecimal.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
}
