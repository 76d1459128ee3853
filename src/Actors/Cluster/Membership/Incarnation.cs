using System.Globalization;
using System.Security.Cryptography;

using Akka.Cluster;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>
/// PURE: the name of one process of a node. It begins with the UID of the process's actor system, so that what the cluster says of a member and what the run knows of a node are matched by process:
/// a node that is started again has its old address, but is another one.
/// </summary>
public static class Incarnation
{
    private const int UidDigits = 8, ChanceDigits = 4;

    /// <summary>A name for the process with this actor system.</summary>
    public static string New(UniqueAddress self)
    {
        ArgumentNullException.ThrowIfNull(self);
        return UidOf(self) + RandomNumberGenerator.GetHexString(ChanceDigits, lowercase: true);
    }

    /// <summary>Whether the cluster's <paramref name="member"/> is this very process of <paramref name="node"/>, and not one before or after it at the same address.</summary>
    public static bool Is(NodeIdentity node, UniqueAddress member)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(member);
        return node.Address == member.Address.ToString() && node.Incarnation.StartsWith(UidOf(member), StringComparison.Ordinal);
    }

    /// <summary>The part of an incarnation that names the process's actor system, as <see cref="UidOf(UniqueAddress)"/>; empty where there is none.</summary>
    internal static string UidOf(string incarnation) => incarnation.Length >= UidDigits ? incarnation[..UidDigits] : "";

    /// <summary>The same of a member of the cluster.</summary>
    internal static string UidOf(UniqueAddress address) => address.Uid.ToString($"x{UidDigits}", CultureInfo.InvariantCulture);
}
