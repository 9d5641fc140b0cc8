using System.Text;
using System.Text.Json.Nodes;
using Verathos.Testing;

namespace Verathos.Attestation.Tests.Collateral;

/// <summary>Intel's service on loopback, made of one QuoteCollateralV3 object: recorded, or minted.</summary>
internal sealed class IntelService
{
    public const string RootCrl = "/IntelSGXRootCA.der";

    private readonly JsonObject _collateral;

    public IntelService(byte[] collateral, bool tdx, string fmspc, string ca = "platform")
    {
        _collateral = JsonNode.Parse(collateral)!.AsObject();
        string tee = tdx ? "tdx" : "sgx";
        TcbPath = $"/{tee}/certification/v4/tcb?fmspc={fmspc.ToUpperInvariant()}";
        QePath = $"/{tee}/certification/v4/qe/identity";
        PckCrlPath = $"/sgx/certification/v4/pckcrl?ca={ca}&encoding=der";
    }

    public string TcbPath { get; }

    public string QePath { get; }

    public string PckCrlPath { get; }

    public byte[] TcbInfo => Encoding.UTF8.GetBytes($"{{\"tcbInfo\":{Text("tcb_info")},\"signature\":\"{Text("tcb_info_signature")}\"}}");

    public byte[] QeIdentity => Encoding.UTF8.GetBytes($"{{\"enclaveIdentity\":{Text("qe_identity")},\"signature\":\"{Text("qe_identity_signature")}\"}}");

    public (string Name, string Value) TcbChain => ("TCB-Info-Issuer-Chain", Uri.EscapeDataString(Text("tcb_info_issuer_chain")));

    public (string Name, string Value) QeChain => ("SGX-Enclave-Identity-Issuer-Chain", Uri.EscapeDataString(Text("qe_identity_issuer_chain")));

    public (string Name, string Value) CrlChain => ("SGX-PCK-CRL-Issuer-Chain", Uri.EscapeDataString(Text("pck_crl_issuer_chain")));

    public byte[] PckCrl => Convert.FromHexString(Text("pck_crl"));

    public byte[] RootList => Convert.FromHexString(Text("root_ca_crl"));

    public string Text(string member) => _collateral[member]!.GetValue<string>();

    /// <summary>Answers as Intel does: lists in DER, chains in headers, percent-encoded.</summary>
    public IntelService On(ReplayServer server)
    {
        server.Reply(TcbPath, ReplayServer.Ok(TcbInfo, TcbChain));
        server.Reply(QePath, ReplayServer.Ok(QeIdentity, QeChain));
        server.Reply(PckCrlPath, ReplayServer.Ok(PckCrl, CrlChain));
        server.Reply(RootCrl, ReplayServer.Ok(RootList));
        return this;
    }

    /// <summary>Answers as a PCCS does: the root's list under a path of its own, lists in hexadecimal digits.</summary>
    public IntelService AsCachingServiceOn(ReplayServer server)
    {
        On(server);
        server.Reply(PckCrlPath, ReplayServer.Ok(Encoding.ASCII.GetBytes(Text("pck_crl")), CrlChain));
        server.Reply("/sgx/certification/v4/rootcacrl", ReplayServer.Ok(Encoding.ASCII.GetBytes(Text("root_ca_crl"))));
        return this;
    }
}
