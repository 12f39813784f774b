"""Portuguese, Brazil's and Portugal's: the vendors' own translations, and what people call their columns in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": (
        "Nome, Título, Negócio, Nome do negócio, Título do negócio, Oportunidade, Nome da oportunidade, Nome do negocio"
    ),
    "company": (
        "Empresa, Nome da empresa, Empresa associada, Companhia, Conta, Nome da conta, Cliente, Nome do cliente, "
        "Organização, Razão social"
    ),
    "value": "Valor, Montante, Quantia, Valor do negócio, Valor da oportunidade, Valor total",
    "currency": "Moeda, Código da moeda, Moeda do valor, Divisa",
    "stage": (
        "Etapa, Fase, Estágio, Etapa do negócio, Fase do negócio, Estágio do negócio, Etapa do funil, Fase da venda"
    ),
    "status": "Estado, Situação, Status do negócio",
    "probability": "Probabilidade, Probabilidade (%), Probabilidade de fechamento, Probabilidade de ganho",
    "close_date": "Data de fechamento, Data de fecho, Fechamento, Data do fechamento, Data de encerramento",
    "expected_close_date": (
        "Data de fechamento prevista, Data prevista de fechamento, Data de fechamento esperada, "
        "Data esperada de fechamento, Previsão de fechamento, Data de fecho prevista"
    ),
    "actual_close_date": "Fechado em, Data real de fechamento, Encerrado em",
    "won_date": "Ganho em, Data de ganho, Data do ganho",
    "lost_date": "Perdido em, Data de perda, Data da perda",
    "owner": (
        "Proprietário, Proprietário do negócio, Proprietário da oportunidade, Responsável, Vendedor, Dono, "
        "Atribuído a, Comercial"
    ),
    "contact_email": "E-mail do contato, E-mail de contato, Endereço de e-mail, Correio eletrônico, Correio eletrónico",
    "contact_name": (
        "Contato, Contacto, Pessoa de contato, Pessoa de contacto, Nome do contato, Nome do contacto, Contato associado"
    ),
    "description": "Descrição, Observação, Observações, Notas, Comentário, Comentários",
    "source": "Fonte, Origem, Origem do lead, Fonte do lead",
    "tags": "Etiqueta, Etiquetas, Marcador, Marcadores",
    "external_id": "ID do registro, ID do registo, Identificador, ID do negócio, ID da oportunidade",
    "pipeline": "Funil, Funil de vendas, Pipeline de vendas",
    "created_at": "Data de criação, Criado em, Criada em, Data da criação",
    "loss_reason": "Motivo da perda, Motivo de perda, Razão da perda, Motivo do fechamento perdido",
}
